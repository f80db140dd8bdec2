//! The names of the built-in scenarios for people.

use super::Lang;

/// A scenario in a few words; its own name if it has none here.
pub(crate) fn name(scenario: &'static str, lang: Lang) -> &'static str {
    let (en, ko) = match scenario {
        "transfer" => ("Transfers, undisturbed", "평온한 송금"),
        "slow-projection" => ("A slow projection", "느린 프로젝션"),
        "crash-before-ack" => ("Crash before the ack", "ACK 전 장애"),
        "crash-before-ack-dedupe" => ("Crash before the ack, with a dedupe table", "ACK 전 장애, 중복 제거 테이블"),
        "lost-event" => ("A lost event", "사라진 이벤트"),
        "outbox" => ("The outbox repairs it", "아웃박스가 고친다"),
        "nack" => ("Nack stops every partition", "nack은 모든 파티션을 멈춘다"),
        "poison-to-dlt" => ("A poison pill goes to the dead letters", "독약 레코드와 데드 레터"),
        "zombie-consumer" => ("The zombie consumer", "좀비 컨슈머"),
        "leader-lost" => ("The leader is lost, acks=1", "리더 상실, acks=1"),
        "leader-lost-acks-all" => ("The leader is lost, acks=all", "리더 상실, acks=all"),
        "retention-overtakes" => ("Retention overtakes a group", "보존이 그룹을 따라잡음"),
        other => (other, other),
    };
    lang.pick(en, ko)
}
