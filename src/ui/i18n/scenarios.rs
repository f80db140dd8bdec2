//! The built-in scenarios for people: what they are called, and what one should look at.

use super::Lang;

/// A scenario's words, English and Korean: its name, and a sentence or two on what happens when. Empty for one that has
/// none here.
fn words(scenario: &str) -> [(&'static str, &'static str); 2] {
    match scenario {
        "transfer" => [
            ("Transfers, undisturbed", "평온한 송금"),
            (
                "Nothing breaks by itself. Follow one transfer: command, event, record, two read models, and the query that comes after.",
                "저절로 고장 나는 것은 없습니다. 송금 하나를 따라가 보세요: 명령, 이벤트, 레코드, 두 읽기 모델, 그리고 뒤따르는 조회.",
            ),
        ],
        "slow-projection" => [
            ("A slow projection", "느린 프로젝션"),
            (
                "From 00:05 the listener of account-view needs 0.6 s for each event: its lag grows and queries answer old balances, while transfer-history keeps up. At 00:35 it recovers.",
                "00:05부터 account-view 리스너가 이벤트마다 0.6초를 씁니다. 랙이 늘고 조회는 옛 잔액을 답하지만 transfer-history는 제때 따라갑니다. 00:35에 회복합니다.",
            ),
        ],
        "crash-before-ack" => [
            ("Crash before the ack", "ACK 전 장애"),
            (
                "At 00:08 a consumer dies after the effect and before the ack. The event is delivered again, and without a dedupe table its money moves twice.",
                "00:08에 소비자가 처리한 뒤 ACK하기 전에 죽습니다. 이벤트가 다시 전달되고, 중복 제거 테이블이 없어 돈이 두 번 움직입니다.",
            ),
        ],
        "crash-before-ack-dedupe" => [
            ("Crash before the ack, with a dedupe table", "ACK 전 장애, 중복 제거 테이블"),
            (
                "The same crash at 00:08, with a dedupe table: the event is delivered twice and applied once.",
                "00:08의 같은 장애에 중복 제거 테이블을 더했습니다. 이벤트는 두 번 전달되고 한 번만 적용됩니다.",
            ),
        ],
        "lost-event" => [
            ("A lost event", "사라진 이벤트"),
            (
                "Published after the commit: at 00:08 the API dies between the two. The money has moved, its event is gone, and no read model will ever know.",
                "커밋한 뒤에 발행합니다. 00:08에 API가 그 사이에 죽습니다. 돈은 움직였지만 이벤트는 사라져, 어떤 읽기 모델도 알 수 없습니다.",
            ),
        ],
        "outbox" => [
            ("The outbox repairs it", "아웃박스가 고친다"),
            (
                "The same crash at 00:08, with an outbox: the event was stored together with the change, and the relay publishes it all the same.",
                "00:08의 같은 장애에 아웃박스를 더했습니다. 이벤트가 변경과 함께 저장되어 있어 릴레이가 그대로 발행합니다.",
            ),
        ],
        "outbox-cdc" => [
            ("Change capture publishes again", "변경 캡처의 재발행"),
            (
                "Change capture reads the database's log and stores its position every 5 s. At 00:14 it dies between publishing and storing: after its restart it publishes again what lay between, and the dedupe tables know it.",
                "변경 캡처가 DB 로그를 읽고 5초마다 위치를 저장합니다. 00:14에 발행과 저장 사이에 죽습니다. 다시 시작하면 그 사이의 것을 또 발행하지만, 중복 제거 테이블이 알아봅니다.",
            ),
        ],
        "id-gap" => [
            ("The id gap swallows events", "빈 번호가 삼킨 이벤트"),
            (
                "A row's id is taken before its transaction commits, and transactions overtake each other. The relay asks for ids above the last one it saw: whatever commits late is never published.",
                "행의 id는 커밋 전에 정해지고, 트랜잭션은 서로 앞지릅니다. 릴레이가 마지막으로 본 id보다 큰 것만 찾으므로, 늦게 커밋된 것은 영영 발행되지 않습니다.",
            ),
        ],
        "rebuild-view" => [
            ("A view is rebuilt from the log", "로그에서 뷰 재구축"),
            (
                "At 00:15 the account view is emptied and built again from the start of the log, while clients go on reading it: their answers are old until it has caught up. Nobody is told again of what was done long ago.",
                "00:15에 계좌 뷰를 비우고 로그의 처음부터 다시 만듭니다. 그동안에도 조회는 계속되어, 따라잡을 때까지 옛값을 받습니다. 오래전에 끝난 일을 다시 알리지는 않습니다.",
            ),
        ],
        "told-again" => [
            ("A rebuild tells everybody again", "재구축이 다시 보낸 알림"),
            (
                "Clients learn by push that they are done. At 00:15 the view is built again from the log, and its listener sends a push for every event as if it were new: nobody's balance is wrong, and everybody is told twice. Side effects do not belong into a replay.",
                "클라이언트는 푸시로 완료를 압니다. 00:15에 로그에서 뷰를 다시 만들면서 리스너가 이벤트마다 새 일인 듯 푸시를 또 보냅니다. 잔액은 모두 맞지만 모두가 같은 알림을 두 번 받습니다. 부수 효과는 리플레이에 들어가면 안 됩니다.",
            ),
        ],
        "read-your-writes" => [
            ("Reading what one wrote", "자기가 쓴 것 읽기"),
            (
                "Clients read their account as soon as their command is accepted, and the view is 0.4 s behind: the own transfer is missing. From 00:12 the command's answer holds the new state, from 00:24 the query names a version and waits, from 00:36 it asks the write side.",
                "명령이 접수되자마자 자기 계좌를 조회하는데 뷰는 0.4초 늦어, 자기 송금이 보이지 않습니다. 00:12부터 명령의 응답이 새 상태를 담고, 00:24부터 버전을 지정해 기다리고, 00:36부터 쓰기 쪽에 묻습니다.",
            ),
        ],
        "completion-channels" => [
            ("Seven ways to learn that it is done", "완료를 아는 일곱 가지 방법"),
            (
                "Polling first; then from 00:08 long polling, 00:16 SSE, 00:24 WebSocket, 00:32 push, 00:40 webhook, 00:48 e-mail. Each connection drops once at the moment of completion: watch what is lost, what comes late, and what it costs.",
                "처음은 폴링. 00:08부터 롱 폴링, 00:16 SSE, 00:24 WebSocket, 00:32 푸시, 00:40 웹훅, 00:48 메일입니다. 연결은 완료되는 순간 한 번씩 끊깁니다. 무엇을 잃고, 무엇이 늦고, 얼마나 드는지 보세요.",
            ),
        ],
        "spring-events" => [
            ("Spring events after the commit", "커밋 뒤의 Spring 이벤트"),
            (
                "No log: listeners in the API's process write the views after the commit. At 00:08 one throws and nobody hears of it, at 00:20 the API dies before they are called. Both events are gone for good.",
                "로그 없이 API 프로세스 안의 리스너가 커밋 뒤에 뷰를 씁니다. 00:08에 하나가 예외를 던지지만 아무도 모르고, 00:20에는 부르기 전에 API가 죽습니다. 두 이벤트 모두 영영 사라집니다.",
            ),
        ],
        "spring-events-in-transaction" => [
            ("Spring events in the transaction", "트랜잭션 안의 Spring 이벤트"),
            (
                "The listeners write in the same transaction: at 00:08 one throws, everything is rolled back and the caller tries again; the crash at 00:20 finds nothing left to do.",
                "리스너가 같은 트랜잭션에서 씁니다. 00:08의 예외는 모두를 롤백하고 호출자가 다시 시도합니다. 00:20의 장애 때는 남은 일이 없습니다.",
            ),
        ],
        "open-transaction" => [
            ("An open transaction holds back readers", "열린 트랜잭션이 독자를 붙든다"),
            (
                "At 00:08 the relay dies in its transaction: account-view, which reads what is committed, waits until the next instance aborts it. At 00:20 a second instance fences the relay.",
                "00:08에 릴레이가 트랜잭션 중에 죽습니다. 커밋된 것만 읽는 account-view는 다음 인스턴스가 중단할 때까지 기다립니다. 00:20에는 두 번째 인스턴스가 릴레이를 차단합니다.",
            ),
        ],
        "consume-transform-produce" => [
            ("Consume, transform, produce", "소비, 변환, 생산"),
            (
                "The listener's notice and its offset commit in one transaction. At 00:08 the listener throws: both are rolled back, and the record comes again.",
                "리스너의 알림과 오프셋이 한 트랜잭션으로 커밋됩니다. 00:08에 리스너가 예외를 던지면 둘 다 롤백되고 레코드가 다시 옵니다.",
            ),
        ],
        "nack" => [
            ("Nack stops every partition", "nack은 모든 파티션을 멈춘다"),
            (
                "From 00:08 the listener of account-view nacks twice for 5 s. Every partition of that consumer stands still; the other consumers do not notice.",
                "00:08부터 account-view 리스너가 5초짜리 nack을 두 번 합니다. 그 소비자의 모든 파티션이 멈추고, 다른 소비자는 알지 못합니다.",
            ),
        ],
        "poison-to-dlt" => [
            ("A poison pill goes to the dead letters", "포이즌 필과 데드 레터"),
            (
                "At 00:08 comes a record that nobody can read, at 00:14 an event that the listener refuses for good. Both end in a dead-letter topic, and the rest goes on.",
                "00:08에 아무도 읽을 수 없는 레코드가, 00:14에 리스너가 끝내 거절하는 이벤트가 옵니다. 둘 다 데드 레터 토픽으로 가고 나머지는 계속됩니다.",
            ),
        ],
        "zombie-consumer" => [
            ("The zombie consumer", "좀비 소비자"),
            (
                "At 00:08 a listener gets stuck past max.poll.interval.ms. Another consumer takes its partitions; when the first one wakes up, it applies an event that was applied already.",
                "00:08에 리스너가 max.poll.interval.ms를 넘겨 멈춥니다. 다른 소비자가 파티션을 가져가고, 깨어난 첫 소비자는 이미 적용된 이벤트를 다시 적용합니다.",
            ),
        ],
        "zombie-consumer-dedupe" => [
            ("The zombie consumer, with a dedupe table", "좀비 소비자, 중복 제거 테이블"),
            (
                "The same zombie at 00:08, with a dedupe table: what it does too late is found to be done already.",
                "00:08의 같은 좀비에 중복 제거 테이블을 더했습니다. 늦게 하는 일은 이미 한 일로 드러나 건너뜁니다.",
            ),
        ],
        "leader-lost" => [
            ("The leader is lost, acks=1", "리더 상실, acks=1"),
            (
                "From 00:08 broker 1 no longer replicates, at 00:10 it dies. With acks=1 it alone had acknowledged the newest records: they are gone.",
                "00:08부터 브로커 1이 복제를 못 하고 00:10에 죽습니다. acks=1이라 최신 레코드는 이 브로커만 확인해 주었고, 그래서 사라집니다.",
            ),
        ],
        "leader-lost-acks-all" => [
            ("The leader is lost, acks=all", "리더 상실, acks=all"),
            (
                "From 00:08 the same loss of broker 1 with acks=all: nothing was acknowledged that only the leader had, and the producer sends it again.",
                "00:08부터 같은 브로커 1 상실을 acks=all로 겪습니다. 리더만 가진 것은 확인된 적이 없고, 생산자가 다시 보냅니다.",
            ),
        ],
        "retention-overtakes" => [
            ("Retention overtakes a group", "보존이 그룹을 따라잡음"),
            (
                "At 00:08 the consumer of transfer-history stops, at 00:16 retention deletes what it has not read. When it comes back, those events are gone for it.",
                "00:08에 transfer-history 소비자가 멈추고, 00:16에 아직 읽지 않은 레코드를 보존 정책이 지웁니다. 돌아와도 그 이벤트는 볼 수 없습니다.",
            ),
        ],
        "share-group" => [
            ("A share group", "공유 그룹"),
            (
                "Three consumers of transfer-notices work side by side on one partition; some records are released and come again, some are rejected. At 00:14 one dies and what it held is free at once; at 00:30 another is stuck, and its records come free when their locks end after 6 s.",
                "transfer-notices의 소비자 셋이 한 파티션을 나란히 처리합니다. 놓아 준 레코드는 다시 오고, 거부된 것은 오지 않습니다. 00:14에 하나가 죽으면 쥐고 있던 것이 바로 풀리고, 00:30에 다른 하나가 멈추면 6초 뒤 잠금이 끝나야 풀립니다.",
            ),
        ],
        _ => [("", ""); 2],
    }
}

/// A scenario in a few words; its own name if it has none here.
pub(crate) fn name(scenario: &'static str, lang: Lang) -> &'static str {
    let [(en, ko), _] = words(scenario);
    if en.is_empty() { scenario } else { lang.pick(en, ko) }
}

/// What happens in it and what to look at; empty if there is nothing to say.
pub(crate) fn about(scenario: &str, lang: Lang) -> &'static str {
    let [_, (en, ko)] = words(scenario);
    lang.pick(en, ko)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{builtin, builtin_names};

    #[test]
    fn every_scenario_has_its_words_and_names_the_moments_at_which_something_happens() {
        for scenario in builtin_names() {
            for lang in [Lang::En, Lang::Ko] {
                assert_ne!(name(scenario, lang), scenario, "{scenario} has no name");
                let program = builtin(scenario).expect("built in").program;
                let Some((first, _)) = program.first() else { continue };
                let moment = format!("00:{:02}", first.ms() / 1_000);
                assert!(
                    about(scenario, lang).contains(&moment),
                    "{scenario} does not say what happens at {moment}: {}",
                    about(scenario, lang)
                );
            }
        }
    }
}
