//! What each fault is called and what it does. The matches are exhaustive: a fault without its words does not compile.

use super::{Lang, says};
use crate::fault::{FaultKind, Link, MomentKind, Node, Target};
use crate::scenario::SHARE_GROUP_NUMBER;
use crate::ui::rules;

says! {
    /// A fault in a few plain words, as on a button.
    pub(crate) fn name(FaultKind) {
        LinkSlow: "slow link", "느린 연결";
        LinkSevered: "sever the link", "연결 끊기";
        RequestLost: "lose the request", "요청 분실";
        ResponseLost: "lose the response", "응답 분실";
        RequestDuplicated: "duplicate the request", "요청 중복";
        ApiCrash: "crash the API", "API 장애";
        ApiPause: "freeze the API", "API 멈춤";
        ApiCrashAfterCommit: "crash after commit, before publish", "커밋 뒤, 발행 전 장애";
        ApiCrashBeforeCommit: "crash after publish, before commit", "발행 뒤, 커밋 전 장애";
        EventListenerThrows: "event listener throws", "이벤트 리스너 예외";
        CommitFails: "roll back at the commit", "커밋에서 롤백";
        RelayCrash: "crash the relay", "릴레이 장애";
        RelayPause: "freeze the relay", "릴레이 멈춤";
        RelayCrashAfterPublish: "crash the relay before it marks", "발행 뒤, 표시 전 릴레이 장애";
        WriteDbSlow: "slow write database", "느린 쓰기 DB";
        WriteDbDown: "write database down", "쓰기 DB 중단";
        BrokerKilled: "kill a broker", "브로커 강제 종료";
        BrokerStopped: "stop a broker in order", "브로커 정상 종료";
        BrokerSlow: "slow broker", "느린 브로커";
        ReplicaSlow: "slow replica", "느린 복제본";
        UncleanElection: "unclean election", "언클린 리더 선출";
        CoordinatorLost: "lose the coordinator", "코디네이터 상실";
        RetentionOvertakes: "retention overtakes", "보존이 따라잡음";
        ConsumerKilled: "kill a consumer", "소비자 강제 종료";
        ConsumerStopped: "stop a consumer in order", "소비자 정상 종료";
        ConsumerStalled: "stall a consumer", "처리 중 멈춤";
        ListenerThrows: "listener throws", "리스너 예외";
        ListenerThrowsFatal: "listener throws, no retry", "재시도 없는 예외";
        ListenerNacks: "listener nacks", "리스너 nack";
        AckForgotten: "forget the ack", "ACK 잊기";
        AckBeforeEffect: "ack before the effect", "처리 전 ACK";
        AckOutOfOrder: "ack out of order", "뒤바뀐 ACK";
        ListenerSlow: "slow listener", "느린 리스너";
        CrashAfterEffect: "crash after the effect, before the ack", "처리 뒤, ACK 전 장애";
        CrashBeforeEffect: "crash before the effect", "처리 전 장애";
        CrashBeforeCommit: "crash after the ack, before the commit", "ACK 뒤, 커밋 전 장애";
        CrashAfterDeadLetter: "crash after the dead letter", "데드 레터 뒤 장애";
        PoisonPill: "poison pill", "포이즌 필";
        ReadDbSlow: "slow read database", "느린 읽기 DB";
        ReadDbDown: "read database down", "읽기 DB 중단";
        QueryDown: "query API down", "조회 API 중단";
        TransactionCrash: "crash before the transaction's commit", "트랜잭션 커밋 전 장애";
        TransactionStalled: "stall the transaction", "트랜잭션 지연";
        SecondInstance: "second instance", "두 번째 인스턴스";
        ListenerThrowsError: "listener throws an Error", "리스너 Error";
        BatchRecordFails: "one record of the batch fails", "배치의 한 레코드 실패";
        NullKey: "record without a key", "키 없는 레코드";
        Tombstone: "tombstone", "툼스톤";
        FutureTimestamp: "record from the future", "미래의 레코드";
        CompletionDropped: "drop the completion notice", "완료 알림 분실";
    }
}

says! {
    /// What a fault does, in one sentence.
    pub(crate) fn sentence(FaultKind) {
        LinkSlow: "Everything on the link takes so much longer.", "이 연결의 모든 것이 그만큼 늦어집니다.";
        LinkSevered: "Nothing gets through in either direction, and nobody is told.", "어느 쪽으로도 통하지 않고, 아무도 알지 못합니다.";
        RequestLost: "A request is lost on its way; the other side never hears of it.", "요청이 가는 길에 사라집니다. 상대는 알지 못합니다.";
        ResponseLost: "The request is carried out and its response is lost.", "요청은 수행되고 응답이 사라집니다.";
        RequestDuplicated: "A request arrives twice.", "요청이 두 번 도착합니다.";
        ApiCrash: "The API's process dies; requests in its hands are gone.", "API 프로세스가 죽습니다. 처리하던 요청은 사라집니다.";
        ApiPause: "The API stands still, as in a long garbage collection, and then goes on where it was.", "API가 긴 GC처럼 멈추었다가 이어 갑니다.";
        ApiCrashAfterCommit: "The API dies after the database has committed and before the event is published: without an outbox the event is lost.", "DB 커밋 뒤, 이벤트 발행 전에 API가 죽습니다. 아웃박스가 없으면 이벤트를 잃습니다.";
        ApiCrashBeforeCommit: "The API dies after the event is published and before the database commits: an event of something that never happened.", "이벤트 발행 뒤, DB 커밋 전에 API가 죽습니다. 일어나지 않은 일의 이벤트가 남습니다.";
        EventListenerThrows: "A listener in the API's own process throws: in the transaction it rolls back, after the commit nobody hears of it.", "API 프로세스 안의 리스너가 예외를 던집니다. 트랜잭션 안이면 롤백하고, 커밋 뒤면 아무도 모릅니다.";
        CommitFails: "The transaction is rolled back at its commit, after whatever was published in it.", "트랜잭션이 커밋에서 롤백됩니다. 그 안에서 발행한 것은 남습니다.";
        RelayCrash: "The relay's process dies; the outbox waits.", "릴레이 프로세스가 죽습니다. 아웃박스는 기다립니다.";
        RelayPause: "The relay stands still and then goes on where it was.", "릴레이가 멈추었다가 이어 갑니다.";
        RelayCrashAfterPublish: "The relay dies after the events are in the log and before it has marked them: they are published again.", "이벤트를 기록한 뒤, 표시하기 전에 릴레이가 죽습니다. 다시 발행됩니다.";
        WriteDbSlow: "Every statement of the write database takes so much longer.", "쓰기 DB의 모든 질의가 그만큼 늦어집니다.";
        WriteDbDown: "The write database refuses connections.", "쓰기 DB가 연결을 거절합니다.";
        BrokerKilled: "The broker's process is killed without a goodbye; its partitions elect other leaders.", "브로커가 예고 없이 죽습니다. 파티션은 다른 리더를 뽑습니다.";
        BrokerStopped: "The broker shuts down in order: its leaderships move first.", "브로커가 정상 종료합니다. 리더 역할이 먼저 옮겨 갑니다.";
        BrokerSlow: "The broker answers every request so much later.", "브로커의 모든 응답이 그만큼 늦어집니다.";
        ReplicaSlow: "The broker's replicas fetch so much later from their leaders: it falls out of the ISR.", "복제본이 리더에서 그만큼 늦게 가져옵니다. ISR에서 빠집니다.";
        UncleanElection: "Leaders may be elected outside the ISR: acknowledged records can be lost.", "ISR 밖에서 리더를 뽑을 수 있습니다. 확인된 레코드를 잃을 수 있습니다.";
        CoordinatorLost: "The broker that coordinates the groups is killed; another one takes over.", "그룹을 맡은 브로커가 죽고 다른 브로커가 이어받습니다.";
        RetentionOvertakes: "The log keeps only the newest records: a group that is behind has lost the others.", "로그가 최신 레코드만 남깁니다. 뒤처진 그룹은 나머지를 잃습니다.";
        ConsumerKilled: "The consumer's process is killed: no LeaveGroup, no commit; its partitions wait for the session timeout.", "소비자가 죽습니다. LeaveGroup도 커밋도 없습니다. 파티션은 세션 타임아웃을 기다립니다.";
        ConsumerStopped: "The consumer is stopped in order: it commits and leaves the group.", "소비자가 정상 종료합니다. 커밋하고 그룹을 떠납니다.";
        ConsumerStalled: "The consumer is stuck in its work: heartbeats go on, polls do not; past max.poll.interval.ms it is a zombie.", "소비자가 처리 중에 멈춥니다. 하트비트는 계속 보내지만 poll은 하지 않습니다. max.poll.interval.ms가 지나면 좀비입니다.";
        ListenerThrows: "The listener throws an exception that is worth a retry, on so many deliveries.", "리스너가 재시도할 만한 예외를 그만큼 던집니다.";
        ListenerThrowsFatal: "The listener throws an exception that is not worth a retry: straight to the recoverer.", "리스너가 재시도할 수 없는 예외를 던집니다. 곧바로 리커버러로 갑니다.";
        ListenerNacks: "The listener nacks: the rest of the poll is thrown away and every partition pauses.", "리스너가 nack합니다. poll의 나머지를 버리고 모든 파티션이 쉽니다.";
        AckForgotten: "The listener does its work and forgets to acknowledge: nothing happens, until a later ack covers it or a restart repeats it.", "처리하고 ACK를 잊습니다. 뒤의 ACK가 덮거나 재시작해 다시 전달되기 전까지는 아무 일도 없습니다.";
        AckBeforeEffect: "The listener acknowledges before it applies the effect: a crash between the two loses it.", "처리하기 전에 ACK합니다. 그 사이에 죽으면 잃습니다.";
        AckOutOfOrder: "The listener keeps an acknowledgment and gives it after the next record's.", "ACK를 미루었다가 다음 레코드의 ACK 뒤에 합니다.";
        ListenerSlow: "The listener takes so much longer for each record.", "리스너가 레코드마다 그만큼 더 걸립니다.";
        CrashAfterEffect: "The consumer dies after the effect is applied and before it is acknowledged: it will be applied again.", "처리 뒤, ACK 전에 소비자가 죽습니다. 다시 처리됩니다.";
        CrashBeforeEffect: "The consumer dies before the effect is applied: the record comes again.", "처리 전에 소비자가 죽습니다. 레코드가 다시 옵니다.";
        CrashBeforeCommit: "The consumer dies after the acknowledgment and before the offset is committed: the record comes again.", "ACK 뒤, 오프셋 커밋 전에 소비자가 죽습니다. 레코드가 다시 옵니다.";
        CrashAfterDeadLetter: "The consumer dies after a dead letter is published and before the offset is committed: two dead letters.", "데드 레터 발행 뒤, 커밋 전에 소비자가 죽습니다. 데드 레터가 둘이 됩니다.";
        PoisonPill: "A record that no listener can decode is written to the topic.", "어느 리스너도 해독할 수 없는 레코드가 토픽에 기록됩니다.";
        ReadDbSlow: "The read database takes so much longer for every statement.", "읽기 DB의 모든 질의가 그만큼 늦어집니다.";
        ReadDbDown: "The read database refuses connections: listeners fail and queries find nothing.", "읽기 DB가 연결을 거절합니다. 리스너가 실패하고 조회는 답을 얻지 못합니다.";
        QueryDown: "The query API is down.", "조회 API가 중단됩니다.";
        TransactionCrash: "The publisher dies after its records are in the log and before it commits their transaction: it stays open, and read_committed groups wait.", "레코드를 기록한 뒤, 트랜잭션을 커밋하기 전에 발행자가 죽습니다. 트랜잭션은 열린 채이고 read_committed 그룹은 기다립니다.";
        TransactionStalled: "The publisher commits its transaction so much later; past transaction.timeout.ms the coordinator has aborted it.", "발행자가 트랜잭션을 그만큼 늦게 커밋합니다. transaction.timeout.ms를 넘으면 코디네이터가 이미 중단했습니다.";
        SecondInstance: "Another process starts with the same transactional.id: this one is fenced at its next act.", "같은 transactional.id로 다른 프로세스가 시작됩니다. 이쪽은 다음 동작에서 차단됩니다.";
        ListenerThrowsError: "The listener throws a java.lang.Error: no handler sees it, and the container stops.", "리스너가 java.lang.Error를 던집니다. 처리기를 거치지 않고 컨테이너가 멈춥니다.";
        BatchRecordFails: "A batch listener says on which record of the batch it failed: those before it are committed, it is tried again.", "배치 리스너가 실패한 레코드를 알립니다. 그 앞은 커밋되고 그 레코드는 다시 시도됩니다.";
        NullKey: "A record without a key is written to the topic; a compacted topic refuses it.", "키 없는 레코드를 토픽에 씁니다. 컴팩션 토픽은 거절합니다.";
        Tombstone: "A tombstone for the first account is written: with compaction the account's events are forgotten.", "첫 계좌의 툼스톤을 씁니다. 컴팩션이 켜져 있으면 그 계좌의 이벤트가 잊힙니다.";
        FutureTimestamp: "A record whose timestamp lies in the future is written; too far, and the broker refuses it.", "미래의 타임스탬프를 가진 레코드를 씁니다. 너무 멀면 브로커가 거절합니다.";
        CompletionDropped: "A client's connection for completion notices drops at the moment of completion.", "완료되는 순간 클라이언트의 알림 연결이 끊깁니다.";
    }
}

/// Whether a fault is laid on the share group or one of its consumers, which have words of their own for it.
fn is_share(target: &Target) -> bool {
    matches!(target, Target::Node(Node::ShareConsumer(_)) | Target::Group(SHARE_GROUP_NUMBER))
}

/// A fault in a few plain words where it is laid there.
pub(crate) fn name_on(kind: FaultKind, target: &Target, lang: Lang) -> &'static str {
    on_share(kind, target, lang).map_or_else(|| name(kind, lang), |(name, _, _)| name)
}

/// What a fault does where it is laid there.
pub(crate) fn sentence_on(kind: FaultKind, target: &Target, lang: Lang) -> &'static str {
    on_share(kind, target, lang).map_or_else(|| sentence(kind, lang), |(_, sentence, _)| sentence)
}

/// The rule that a fault shows where it is laid there.
pub(crate) fn rule_on(kind: FaultKind, target: &Target) -> &'static str {
    on_share(kind, target, Lang::En).map_or_else(|| rules::of_fault(kind), |(_, _, rule)| rule)
}

/// [`of_share`], if the fault is laid there.
fn on_share(kind: FaultKind, target: &Target, lang: Lang) -> Option<(&'static str, &'static str, &'static str)> {
    if is_share(target) { of_share(kind, lang) } else { None }
}

/// What a fault is called on a consumer of a share group, what it does there, and the rule that it shows; `None` for one that
/// makes no sense there.
pub(crate) fn of_share(kind: FaultKind, lang: Lang) -> Option<(&'static str, &'static str, &'static str)> {
    let (name, sentence, rule) = match kind {
        FaultKind::ConsumerKilled => (
            ["kill a share consumer", "공유 소비자 강제 종료"],
            [
                "The process dies and its connections break: what it had in hand is available to the others at once.",
                "프로세스가 죽고 연결이 끊깁니다. 쥐고 있던 레코드는 바로 다른 소비자에게 풀립니다.",
            ],
            "S13",
        ),
        FaultKind::ConsumerStopped => (
            ["close a share consumer", "공유 소비자 정상 종료"],
            [
                "It finishes its record and closes its consumer: what was acknowledged is sent, the rest is given back.",
                "쥔 레코드를 끝내고 소비자를 닫습니다. 확인한 것은 보내고 나머지는 돌려줍니다.",
            ],
            "S13",
        ),
        FaultKind::ConsumerStalled => (
            ["stall past the lock", "잠금이 끝나도록 멈춤"],
            [
                "It is stuck in its work while heartbeats go on. When the lock ends, its record goes to another consumer, and what it says later does not count.",
                "처리 중에 멈추지만 하트비트는 계속 보냅니다. 잠금이 끝나면 레코드는 다른 소비자에게 가고 늦은 확인은 소용없습니다.",
            ],
            "S5",
        ),
        FaultKind::ListenerThrows => (
            ["the work throws", "처리 중 예외"],
            [
                "The work throws, on so many deliveries. Explicit mode: released, somebody tries again. Implicit mode: the exception ends the worker, and the whole poll comes again.",
                "그만큼의 전달에서 처리가 예외를 던집니다. explicit: 놓아 주어(release) 다시 시도합니다. implicit: 작업자가 끝나고 poll 전체가 다시 옵니다.",
            ],
            "S8",
        ),
        FaultKind::ListenerThrowsFatal => (
            ["the work throws for good", "재시도 없는 예외"],
            [
                "The work throws, and to try again cannot help. Explicit mode: rejected, nobody gets it again. Implicit mode: the exception ends the worker, and the whole poll comes again.",
                "다시 해도 소용없는 예외입니다. explicit: 거부해(reject) 아무도 다시 받지 않습니다. implicit: 작업자가 끝나고 poll 전체가 다시 옵니다.",
            ],
            "S8",
        ),
        FaultKind::AckForgotten => (
            ["forget acknowledge()", "acknowledge() 잊기"],
            [
                "It does the work and says nothing of the record: the next poll throws an IllegalStateException and ends the worker, and the record comes again. Explicit mode only.",
                "처리하고 아무 말도 하지 않습니다. 다음 poll이 IllegalStateException을 던져 작업자가 끝나고 레코드가 다시 옵니다. explicit 모드에만 있습니다.",
            ],
            "S16",
        ),
        FaultKind::AckBeforeEffect => (
            ["accept before the work", "처리 전 수락"],
            [
                "It accepts and commits before it does the work: a crash between the two loses the notice, and nobody gets the record again.",
                "처리하기 전에 수락하고 커밋합니다. 그 사이에 죽으면 알림을 잃고 아무도 레코드를 다시 받지 않습니다.",
            ],
            "S8",
        ),
        FaultKind::ListenerSlow => (
            ["slow work", "느린 처리"],
            [
                "It takes so much longer for each record: past the lock's duration somebody else gets it, too.",
                "레코드마다 그만큼 더 걸립니다. 잠금 시간을 넘으면 다른 소비자도 받습니다.",
            ],
            "S5",
        ),
        FaultKind::CrashAfterEffect => (
            ["crash after the work, before acknowledge()", "처리 뒤, acknowledge() 전 장애"],
            [
                "The process dies when the customer was told and nothing is said of the record: it is delivered again, and without an idempotency key the customer hears it twice.",
                "고객에게 알린 뒤 확인하기 전에 죽습니다. 레코드가 다시 전달되고, 멱등성 키가 없으면 두 번 알립니다.",
            ],
            "S13",
        ),
        FaultKind::CrashBeforeEffect => (
            ["crash before the work", "처리 전 장애"],
            [
                "The process dies before the work: the record comes again, with one delivery more on its count.",
                "처리 전에 죽습니다. 레코드는 전달 횟수가 하나 늘어 다시 옵니다.",
            ],
            "S6",
        ),
        FaultKind::CrashBeforeCommit => (
            ["crash after acknowledge(), before it is sent", "acknowledge() 뒤, 보내기 전 장애"],
            [
                "acknowledge() only remembers; it leaves with the next poll or commit. The process dies between the two: the record comes again.",
                "acknowledge()는 기억만 하고 다음 poll이나 커밋이 보냅니다. 그 사이에 죽어 레코드가 다시 옵니다.",
            ],
            "S13",
        ),
        _ => return None,
    };
    Some((lang.pick(name[0], name[1]), lang.pick(sentence[0], sentence[1]), rule))
}

says! {
    /// A link by its two ends.
    pub(crate) fn link(Link) {
        ClientApi: "client → API", "클라이언트 → API";
        ApiWriteDb: "API → write DB", "API → 쓰기 DB";
        RelayWriteDb: "relay → outbox", "릴레이 → 아웃박스";
        Produce: "produce", "발행(produce)";
        Replication: "replication", "복제";
        Fetch: "fetch", "가져오기(fetch)";
        Coordination: "group coordination", "그룹 조정";
        ListenerReadDb: "listener → read DB", "리스너 → 읽기 DB";
        ClientQuery: "client → query API", "클라이언트 → 조회 API";
        QueryReadDb: "query API → read DB", "조회 API → 읽기 DB";
        Completion: "completion notice", "완료 알림";
    }
}

says! {
    /// When a fault strikes.
    pub(crate) fn moment(MomentKind) {
        Immediate: "now, once", "지금, 한 번";
        Lasting: "until ended", "끝낼 때까지";
        Armed: "the next time", "다음번에";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_words_of_its_own_on_share_consumers_where_it_makes_sense_there() {
        for kind in FaultKind::all() {
            assert_eq!(of_share(*kind, Lang::En).is_some(), kind.fits_share_consumer(), "{kind}");
            let (there, elsewhere) = (Target::Group(SHARE_GROUP_NUMBER), Target::Group(0));
            let differs = name_on(*kind, &there, Lang::Ko) != name_on(*kind, &elsewhere, Lang::Ko)
                || sentence_on(*kind, &there, Lang::Ko) != sentence_on(*kind, &elsewhere, Lang::Ko);
            assert_eq!(differs, kind.fits_share_consumer(), "{kind}");
        }
    }
}
