//! What is modelled, what is simplified and what is not, rule by rule: the one table behind the Fidelity view. Data only.

/// How far the model follows the real system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// It does the same, as far as can be observed.
    Modelled,
    /// It does the same in the main; what differs is said.
    Simplified,
    /// It is left out.
    NotModelled,
}

/// One line of the table. Texts are in English and Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fidelity {
    /// The rule's number, or a short name for what no rule covers.
    pub rule: &'static str,
    /// How far it is followed.
    pub grade: Grade,
    /// What it is about.
    pub about: [&'static str; 2],
    /// What differs; empty if nothing does.
    pub how: [&'static str; 2],
    /// How many recorded cases of the real system name the rule.
    pub cases: u16,
}

/// A recorded case that the model does not follow, and why a deterministic model cannot or should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// The case's id.
    pub case: &'static str,
    /// Why, in English and Korean.
    pub why: [&'static str; 2],
}

/// Every recorded case that does not pass. A case that passes must not stand here.
pub const DEVIATIONS: &[Deviation] = &[];

const fn row(rule: &'static str, grade: Grade, about: [&'static str; 2], how: [&'static str; 2], cases: u16) -> Fidelity {
    Fidelity { rule, grade, about, how, cases }
}

/// The table, in the order of the rules, then what stands outside them.
pub const FIDELITY: &[Fidelity] = &[
    row("A1", Grade::Modelled, ["which partition a record goes to", "레코드가 갈 파티션"], ["", ""], 8),
    row("A2", Grade::Modelled, ["the key hash (murmur2)", "키 해시(murmur2)"], ["", ""], 2),
    row("A3", Grade::Modelled, ["hash to partition number", "해시에서 파티션 번호로"], ["", ""], 1),
    row("A4", Grade::Modelled, ["the vectors of both", "검증 값"], ["", ""], 2),
    row("A5", Grade::Modelled, ["order within a partition only", "순서는 파티션 안에서만"], ["", ""], 3),
    row("A6", Grade::Modelled, ["null keys stay with one partition for a batch", "널 키는 배치 동안 한 파티션에"], ["", ""], 3),
    row("A7", Grade::Modelled, ["acks 0, 1, all and min.insync.replicas", "acks 0, 1, all과 min.insync.replicas"], ["", ""], 12),
    row("A8", Grade::Modelled, ["retries, back-off and delivery timeout", "재시도, 백오프, 전송 시한"], ["", ""], 20),
    row("A9", Grade::Modelled, ["the idempotent producer", "멱등 생산자"], ["", ""], 17),
    row("A10", Grade::Modelled, ["requests in flight and their order", "동시 요청과 순서"], ["", ""], 2),
    row("A11", Grade::Modelled, ["timestamps", "타임스탬프"], ["", ""], 3),
    row("A12", Grade::Modelled, ["compacted topics refuse null keys", "컴팩션 토픽은 널 키를 거절"], ["", ""], 3),
    row("B1", Grade::Modelled, ["offsets, log start, log end", "오프셋, 로그 시작과 끝"], ["", ""], 4),
    row("B2", Grade::Modelled, ["fetching, bounded by bytes", "바이트로 제한되는 가져오기(fetch)"], ["", ""], 9),
    row("B3", Grade::Modelled, ["what \"latest\" means", "\"latest\"의 뜻"], ["", ""], 6),
    row("B4", Grade::Modelled, ["the high watermark", "하이 워터마크"], ["", ""], 6),
    row("B5", Grade::Modelled, ["ISR, leader epochs, failover, truncation", "ISR, 리더 에포크, 장애 조치, 절단"], ["", ""], 13),
    row("B6", Grade::Modelled, ["a consumer meets a truncated log", "소비자와 절단된 로그"], ["", ""], 5),
    row("B7", Grade::Modelled, ["retention by time", "시간에 따른 보존"], ["", ""], 8),
    row(
        "B8",
        Grade::Simplified,
        ["retention by size", "크기에 따른 보존"],
        [
            "sizes are computed and not measured; small segments are allowed so that they roll on the screen",
            "크기는 계산값이며 작은 세그먼트도 허용",
        ],
        3,
    ),
    row("B9", Grade::Modelled, ["deleteRecords", "deleteRecords"], ["", ""], 5),
    row("B10", Grade::Modelled, ["compaction and tombstones", "컴팩션과 툼스톤"], ["", ""], 7),
    row("B11", Grade::Modelled, ["out of range, auto.offset.reset", "범위 밖과 auto.offset.reset"], ["", ""], 28),
    row("C1", Grade::Modelled, ["how a group joins", "그룹 가입"], ["", ""], 20),
    row("C2", Grade::Modelled, ["two clocks: heartbeats and polls", "두 시계: 하트비트와 poll"], ["", ""], 56),
    row("C3", Grade::Modelled, ["max.poll.records", "max.poll.records"], ["", ""], 2),
    row("C4", Grade::Modelled, ["eager and cooperative rebalances", "eager와 cooperative 리밸런스"], ["", ""], 59),
    row("C5", Grade::Modelled, ["committed offset, position, lag", "커밋된 오프셋, 위치, 랙"], ["", ""], 46),
    row("C6", Grade::Modelled, ["who may commit", "누가 커밋할 수 있나"], ["", ""], 23),
    row("C7", Grade::Modelled, ["auto commit", "자동 커밋"], ["", ""], 11),
    row("C8", Grade::Modelled, ["how long offsets are kept", "오프셋 보존"], ["", ""], 3),
    row("C9", Grade::Modelled, ["resetting offsets by tool", "도구로 오프셋 되돌리기"], ["", ""], 6),
    row("C10", Grade::Modelled, ["assignors: common ground", "할당자 공통"], ["", ""], 8),
    row("C11", Grade::Modelled, ["range", "range"], ["", ""], 16),
    row("C12", Grade::Modelled, ["roundrobin", "roundrobin"], ["", ""], 16),
    row("C13", Grade::Modelled, ["sticky, equal subscriptions", "sticky, 같은 구독"], ["", ""], 32),
    row("C14", Grade::Modelled, ["sticky, unequal subscriptions", "sticky, 다른 구독"], ["", ""], 8),
    row("C15", Grade::Modelled, ["more consumers than partitions", "파티션보다 많은 소비자"], ["", ""], 6),
    row("C16", Grade::Modelled, ["static membership", "정적 멤버"], ["", ""], 22),
    row(
        "C17",
        Grade::Simplified,
        ["the consumer protocol (KIP-848)", "consumer 프로토콜(KIP-848)"],
        [
            "the server-side assignment follows the uniform and range assignors, without racks; a group is not converted from one protocol to the other",
            "랙 없이 uniform과 range만. 그룹을 다른 프로토콜로 전환하지 않는다",
        ],
        23,
    ),
    row("D0", Grade::Modelled, ["the loop of the container", "컨테이너의 반복"], ["", ""], 43),
    row("D1", Grade::Modelled, ["Spring switches auto commit off", "Spring은 자동 커밋을 끈다"], ["", ""], 7),
    row("D2", Grade::Modelled, ["when offsets are committed", "언제 커밋하나"], ["", ""], 71),
    row("D3", Grade::Modelled, ["what acknowledge() means", "acknowledge()의 뜻"], ["", ""], 61),
    row("D4", Grade::Modelled, ["not acknowledging at all", "ACK하지 않기"], ["", ""], 26),
    row("D5", Grade::Modelled, ["acks out of order", "순서가 다른 ACK"], ["", ""], 35),
    row("D6", Grade::Modelled, ["nack of a record listener", "레코드 리스너의 nack"], ["", ""], 66),
    row("D7", Grade::Modelled, ["nack of a batch listener", "배치 리스너의 nack"], ["", ""], 32),
    row("D8", Grade::Modelled, ["DefaultErrorHandler", "DefaultErrorHandler"], ["", ""], 126),
    row("D9", Grade::Modelled, ["seekAfterError", "seekAfterError"], ["", ""], 70),
    row("D10", Grade::Modelled, ["errors of batch listeners", "배치 리스너의 오류"], ["", ""], 80),
    row("D11", Grade::Modelled, ["back-off formulas", "백오프 공식"], ["", ""], 5),
    row("D12", Grade::Modelled, ["dead letters and their headers", "데드 레터와 헤더"], ["", ""], 52),
    row("D13", Grade::Modelled, ["retry topics", "재시도 토픽"], ["", ""], 35),
    row("D14", Grade::Modelled, ["poison pills", "독약 레코드"], ["", ""], 17),
    row("D15", Grade::Modelled, ["the deliveryAttempt header", "deliveryAttempt 헤더"], ["", ""], 8),
    row(
        "D16",
        Grade::Simplified,
        ["concurrency", "동시성"],
        ["each thread is a consumer of its own; the JVM’s scheduler is not modelled", "스레드마다 소비자 하나. JVM 스케줄러는 없음"],
        35,
    ),
    row("D17", Grade::Modelled, ["rebalances within the container", "컨테이너 안의 리밸런스"], ["", ""], 50),
    row("D18", Grade::Modelled, ["delivery guarantees", "전달 보장"], ["", ""], 34),
    row(
        "E1",
        Grade::Simplified,
        ["producer transactions", "생산자 트랜잭션"],
        [
            "API and relay have one transactional producer each, where Spring would take a second one from its cache",
            "API와 릴레이의 트랜잭션 생산자는 하나씩. Spring은 캐시에서 더 꺼냄",
        ],
        28,
    ),
    row("E2", Grade::Modelled, ["read_committed and the last stable offset", "read_committed와 LSO"], ["", ""], 13),
    row("E3", Grade::Modelled, ["fencing of zombies", "좀비 차단"], ["", ""], 14),
    row("E4", Grade::Modelled, ["consume, process, produce in Spring", "Spring의 소비-처리-생산"], ["", ""], 67),
    row(
        "E5",
        Grade::Simplified,
        ["idempotent projections", "멱등 프로젝션"],
        [
            "none, dedupe table, versioned upsert, offset stored with the view; the stored offset is read in no time when partitions are assigned",
            "없음, 중복 제거 테이블, 버전 upsert, 뷰와 함께 저장한 오프셋. 할당 때 저장된 오프셋을 읽는 시간은 없음",
        ],
        26,
    ),
    row("F1", Grade::Modelled, ["commands, refusals, idempotency keys", "명령, 거절, 멱등 키"], ["", ""], 0),
    row("F2", Grade::Modelled, ["optimistic versions", "낙관적 버전"], ["", ""], 0),
    row(
        "F3",
        Grade::Simplified,
        ["event store, log, projection", "이벤트 저장소, 로그, 프로젝션"],
        [
            "snapshots are taken within the transaction; one aggregate type: a transfer changes two accounts at once, where a process manager would take two steps",
            "스냅숏은 트랜잭션 안에서 뜬다. 애그리거트는 한 종류: 송금은 두 계좌를 한 번에 바꾼다(프로세스 매니저라면 두 단계)",
        ],
        0,
    ),
    row(
        "F4",
        Grade::Modelled,
        ["projections; their errors are Spring’s error handlers’ affair", "프로젝션. 오류는 Spring의 오류 처리기가 맡는다"],
        ["", ""],
        0,
    ),
    row(
        "F5",
        Grade::Simplified,
        ["rebuild of a view", "뷰 재구축"],
        [
            "in its place: stop, clear, reset, start; not a second view beside it to which queries are switched",
            "제자리에서: 멈춤, 비움, 되돌림, 시작. 옆에 새 뷰를 만들어 바꾸는 방식은 없음",
        ],
        0,
    ),
    row("F6", Grade::Modelled, ["the dual write", "이중 쓰기"], ["", ""], 0),
    row(
        "F7",
        Grade::Simplified,
        ["events within one process", "한 프로세스 안의 이벤트"],
        [
            "on the stage each event has two listeners; no publication registry (Spring Modulith), no events from listeners",
            "무대에서는 이벤트마다 리스너 둘. 발행 레지스트리(Modulith)와 리스너가 내는 이벤트는 없음",
        ],
        35,
    ),
    row(
        "F8",
        Grade::Simplified,
        ["the outbox", "아웃박스"],
        [
            "polling relays, change capture, and the event store’s own index; of Kafka Connect only the position and its flush are modelled, not its tasks and topics",
            "폴링 릴레이, 변경 캡처, 이벤트 저장소의 색인. Kafka Connect는 위치와 그 저장만 있고 태스크와 토픽은 없음",
        ],
        0,
    ),
    row(
        "F9",
        Grade::Simplified,
        ["staleness", "뒤처짐"],
        [
            "measured at each query, with four remedies; a second copy of the view lags by a fixed time; a version is waited for by looking every 20 ms",
            "조회마다 재고, 완화책은 네 가지. 뷰의 두 번째 복사본은 일정한 시간만큼 뒤처짐. 버전은 20ms마다 보며 기다림",
        ],
        0,
    ),
    row(
        "F10",
        Grade::Simplified,
        ["202 and how the client learns", "202와 완료 알림"],
        [
            "polling, long polling, SSE, WebSocket, push, e-mail, webhook; without heart-beats, proxies, limits of connections, and collapse keys",
            "폴링, 롱 폴링, SSE, WebSocket, 푸시, 메일, 웹훅. 하트비트, 프록시, 연결 수 제한, collapse key는 없음",
        ],
        0,
    ),
    row(
        "S1",
        Grade::Simplified,
        ["members of a share group: heartbeats, several on one partition", "공유 그룹의 멤버: 하트비트, 한 파티션에 여럿"],
        [
            "members with different topics are served wish by wish; states are made at once",
            "토픽이 다른 구성원은 토픽 집합별로 할당하고, 상태는 바로 만들어짐",
        ],
        7,
    ),
    row(
        "S2",
        Grade::Modelled,
        ["where a share group begins; its offsets altered and deleted", "공유 그룹의 시작 위치, 오프셋 변경과 삭제"],
        ["", ""],
        9,
    ),
    row("S3", Grade::Modelled, ["share groups read a topic each on its own", "공유 그룹마다 토픽을 따로 읽음"], ["", ""], 4),
    row("S4", Grade::Modelled, ["how many records a share fetch acquires", "공유 가져오기가 확보하는 레코드 수"], ["", ""], 9),
    row("S5", Grade::Modelled, ["the acquisition lock and its end", "확보 잠금과 만료"], ["", ""], 5),
    row("S6", Grade::Modelled, ["the limit of deliveries; archived records", "전달 횟수 한도와 보관 처리된 레코드"], ["", ""], 5),
    row(
        "S7",
        Grade::Modelled,
        ["failing batches are given out in ever smaller parts", "실패하는 배치는 점점 작게 나누어 전달"],
        ["", ""],
        2,
    ),
    row("S8", Grade::Modelled, ["accept, release, reject, renew", "accept, release, reject, renew"], ["", ""], 3),
    row("S9", Grade::Modelled, ["refused acknowledgements, commits and the callback", "거절된 확인, 커밋과 콜백"], ["", ""], 4),
    row("S10", Grade::Modelled, ["the share start offset", "공유 시작 오프셋"], ["", ""], 5),
    row("S11", Grade::Modelled, ["the bound on records in flight", "처리 중 레코드 수의 한도"], ["", ""], 1),
    row(
        "S12",
        Grade::Simplified,
        ["share state outlives the leader", "공유 상태는 리더보다 오래 남음"],
        ["the share coordinator answers at once and never fails", "공유 코디네이터는 바로 응답하고 장애가 없음"],
        2,
    ),
    row("S13", Grade::Modelled, ["share sessions that end release what was held", "공유 세션이 끝나면 쥔 레코드를 돌려줌"], ["", ""], 4),
    row("S14", Grade::Modelled, ["the log start passes records in flight", "로그 시작이 처리 중 레코드를 지나침"], ["", ""], 1),
    row("S15", Grade::Modelled, ["share.isolation.level", "share.isolation.level"], ["", ""], 1),
    row("S16", Grade::Modelled, ["implicit and explicit acknowledgement", "암시적 확인과 명시적 확인"], ["", ""], 5),
    row("S17", Grade::Modelled, ["start offset and lag as tools see them", "도구가 보는 시작 오프셋과 지연"], ["", ""], 2),
    row("S18", Grade::Modelled, ["a group id has one type", "그룹 ID의 종류는 하나"], ["", ""], 2),
    row(
        "network",
        Grade::Simplified,
        ["the network", "네트워크"],
        [
            "latencies are drawn from integer distributions; a connection keeps its order; bandwidth has no limit",
            "지연은 정수 분포에서 뽑고, 연결은 순서를 지키며, 대역폭 제한은 없음",
        ],
        0,
    ),
    row(
        "disk",
        Grade::Simplified,
        ["disks and databases", "디스크와 데이터베이스"],
        [
            "a statement takes its time and is durable at its end; there is no page cache to lose",
            "문장은 시간이 걸린 뒤 영속된다. 잃을 페이지 캐시는 없음",
        ],
        0,
    ),
    row(
        "jvm",
        Grade::NotModelled,
        ["the JVM: garbage collection, threads, memory", "JVM: GC, 스레드, 메모리"],
        ["freezing a process stands for a long collection", "프로세스 멈춤이 긴 GC를 대신함"],
        0,
    ),
    row("security", Grade::NotModelled, ["TLS, SASL, ACLs, quotas", "TLS, SASL, ACL, 쿼터"], ["", ""], 0),
    row(
        "streams",
        Grade::NotModelled,
        ["Kafka Streams, Connect, tiered storage, MirrorMaker", "Kafka Streams, Connect, 계층형 저장소, MirrorMaker"],
        ["", ""],
        0,
    ),
    row(
        "kraft",
        Grade::Simplified,
        ["the controller quorum", "컨트롤러 쿼럼"],
        ["one controller that never fails", "죽지 않는 컨트롤러 하나"],
        0,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_what_differs_in_both_languages_or_in_none() {
        for row in FIDELITY {
            assert_eq!(row.how[0].is_empty(), row.how[1].is_empty(), "{}", row.rule);
            assert!(row.grade != Grade::Simplified || !row.how[0].is_empty(), "{}: simplified how?", row.rule);
            assert!(row.grade != Grade::Modelled || row.how[0].is_empty(), "{}: modelled, and yet it differs?", row.rule);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn the_recorded_cases_are_counted_right() {
        let mut counts = crate::kernel::SortedMap::new();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
        for file in std::fs::read_dir(folder).expect("the cases are in the repository").flatten() {
            if file.path().extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).expect("a case is text");
            let (_, rest) = text.split_once("\"rules\": [").expect("a case names its rules");
            let (rules, _) = rest.split_once(']').expect("the list ends");
            let rules: crate::kernel::SortedSet<&str> = rules.split(',').map(|rule| rule.trim().trim_matches('"')).collect();
            rules.into_iter().for_each(|rule| *counts.entry(rule.to_owned()).or_insert(0u16) += 1);
        }
        for row in FIDELITY {
            assert_eq!(row.cases, counts.remove(row.rule).unwrap_or(0), "{}", row.rule);
        }
        assert!(counts.is_empty(), "rules with cases and without a line: {counts:?}");
    }
}
