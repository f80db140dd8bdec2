//! The words on the stage.

use crate::fault::Link;
use crate::ui::format::duration;
use crate::ui::i18n::Lang;

texts! {
    /// The words on the stage.
    StageText {
        stage: "The pipeline, from command to read model", "명령에서 읽기 모델까지의 파이프라인";
        client: "Client", "클라이언트";
        write_side: "Write side", "쓰기 쪽";
        log: "Log", "로그";
        read_side: "Read side", "읽기 쪽";
        producers: "Producers", "생산자";
        consumers: "Consumers", "소비자";
        service: "Service", "서비스";
        listeners: "Listeners", "리스너";
        tables: "Tables", "테이블";
        calls: "calls", "호출";
        annotations: "annotations", "애너테이션";
        context_failed: "context failed to start", "컨텍스트 시작 실패";
        caller_threw: "the caller got", "호출자가 받은 예외:";
        caller_returned: "returned to the caller", "호출자에게 반환";
        not_called: "not called yet", "아직 호출 안 됨";
        in_transaction: "in a transaction", "트랜잭션 안";
        no_transaction: "without transaction", "트랜잭션 없음";
        other_thread: "other thread", "다른 스레드";
        fenced: "fenced", "차단됨(fenced)";
        api: "API", "API";
        handler: "Command handler", "명령 핸들러";
        account: "Account", "계좌";
        version: "version", "버전";
        write_db: "Write DB", "쓰기 DB";
        broker: "broker", "브로커";
        consumer: "consumer", "소비자";
        retry_consumer: "retry consumer", "재시도 소비자";
        dead_letter_consumer: "DLT consumer", "DLT 소비자";
        query_api: "Query API", "조회 API";
        waiting: "waiting", "대기";
        none_waiting: "idle", "대기 없음";
        sent: "sent", "보냄";
        retried: "retried", "재시도";
        accepted: "202 Accepted", "202 접수됨";
        in_hand: "in hand", "처리 중";
        done: "done", "완료";
        rejected: "rejected", "거절";
        conflicted: "conflicts", "버전 충돌";
        commits: "events", "이벤트";
        unpublished: "unpublished", "미발행";
        all_published: "all published", "모두 발행됨";
        polls_every: "polls", "조회 주기";
        sending: "sending", "보내는 중";
        leader: "leader", "리더";
        no_leader: "no leader", "리더 없음";
        isr: "ISR", "ISR";
        leads: "leads", "리더";
        lanes_led: "partitions led", "리더인 파티션";
        replicas: "replicas", "복제본";
        log_start: "log start", "로그 시작";
        log_end: "log end", "로그 끝";
        high_watermark: "high watermark", "하이 워터마크";
        last_stable: "last stable offset", "last stable offset";
        control_short: "end of a transaction", "트랜잭션 끝";
        committed: "committed", "커밋된 오프셋";
        position: "position", "위치";
        lag: "lag", "랙";
        older_short: "older", "이전";
        older: "older records, not drawn one by one", "더 오래된 레코드(묶어서 표시)";
        records: "records", "레코드";
        in_flight: "in transit", "전송 중";
        dead_letters: "dead letters", "데드 레터";
        to_retry: "kept for retry", "재시도 보관";
        kept: "records kept", "보관된 레코드";
        generation: "generation", "세대";
        attempt: "attempt", "시도";
        behind: "behind", "뒤처짐";
        rows: "rows", "행";
        applied_n: "applied", "반영";
        duplicates: "duplicates", "중복";
        both_models: "Write model and read model", "쓰기 모델과 읽기 모델";
        more_accounts: "more accounts", "계좌 더 있음";
        write_model: "write model", "쓰기 모델";
        read_model: "read model", "읽기 모델";
        in_step: "in step", "일치";
        off_by: "off by", "차이";
        not_there: "not there yet", "아직 없음";
        own_missing: "own write missing", "자기 쓰기 없음";
        went_back: "older than before", "전보다 옛값";
        channel: "clients are told by", "알림 방법";
        connections: "open connections", "열린 연결";
        kept_pushes: "pushes kept", "보관된 푸시";
        repeated: "told again", "다시 알림";
        snapshot: "snapshot", "스냅숏";
        no_snapshot: "none", "없음";
        load_reads: "a load reads", "로드가 읽는 이벤트";
        captured: "read in the database log", "DB 로그에서 읽음";
        flushed: "of that stored", "저장된 위치";
        missing_ids: "ids looked for again", "다시 찾는 번호";
        no_queries: "nobody has asked yet", "아직 조회 없음";
        wrong: "not late but wrong", "늦은 것이 아니라 틀림";
        stale_by: "stale by", "뒤처짐";
        fresh: "fresh", "최신 값";
        write_says: "write model says", "쓰기 모델 값";
        answered: "answered", "응답";
        stale: "stale", "옛값";
        failing: "failed, will be read again", "실패, 다시 읽음";
        unreplicated: "not yet replicated, invisible to consumers", "복제 전, 소비자에게 안 보임";
        uncommitted: "transaction still open, read_committed groups wait", "트랜잭션이 아직 열려 있어 read_committed 그룹은 기다림";
        aborted: "transaction aborted, read_committed groups pass over it", "트랜잭션 중단, read_committed 그룹은 건너뜀";
        log_idle: "not used", "쓰지 않음";
        log_idle_why: "The events stay in the API's process: nothing is written to the log.", "이벤트가 API 프로세스를 떠나지 않아 로그에 아무것도 쓰지 않습니다.";
        in_process_idle: "nothing to do", "할 일 없음";
        listeners_at_work: "listeners at work", "리스너 작업 중";
        executor_queue: "in the executor's queue", "실행기 대기열";
        open_transaction: "open transaction", "열린 트랜잭션";
        control: "end of a transaction, never delivered", "트랜잭션 끝 표시, 전달 안 됨";
        held: "in a listener's hands", "리스너가 처리 중";
        thing: "What", "대상";
        state: "State", "상태";
        details: "Details", "내용";
        crowded: "too many to draw one by one", "너무 많아 묶어서 표시";
        left_on: "left", "남음";
        slow: "slow", "느림";
        down: "down", "멈춤(장애)";
        fault_on: "a fault stands on it", "장애 주입됨";
        fault_armed: "a fault is armed on it", "장애 대기 중";
        rebuilding: "rebuilding", "재구축 중";
        rebalancing: "rebalancing", "리밸런스 중";
        no_members: "no members", "멤버 없음";
        not_assigned: "no partition", "파티션 없음";
        severed: "severed", "끊김";
        slowed: "slowed", "느려짐";
        lossy: "loses or repeats", "유실·중복";
        each_way: "each way", "편도";
        stage_parts: "Things on the stage", "구성 요소";
        links: "Links", "연결";
        lanes_more: "more partitions, not drawn", "파티션 더 있음(표시 생략)";
    }
}

use crate::scene::{AnswerView, Cargo, CommandKind, ConsumerDuty, ConsumerState, Health, RelayKind};

/// What a consumer is doing.
pub(crate) fn consumer_state(lang: Lang, state: ConsumerState) -> &'static str {
    match state {
        ConsumerState::Starting => lang.pick("starting", "시작 중"),
        ConsumerState::Listening => lang.pick("listening", "수신 대기"),
        ConsumerState::Handling => lang.pick("handling", "처리 중"),
        ConsumerState::Deciding => lang.pick("asks you", "결정 대기"),
        ConsumerState::Paused => lang.pick("paused", "일시정지"),
        ConsumerState::NackSleep => lang.pick("nack · paused", "nack · 일시정지"),
        ConsumerState::Acknowledging => lang.pick("acknowledging", "ACK 중"),
        ConsumerState::Committing => lang.pick("committing", "커밋 중"),
        ConsumerState::Recovering => lang.pick("recovering", "복구 처리 중"),
        ConsumerState::BackingOff => lang.pick("backing off", "백오프"),
        ConsumerState::Rebalancing => lang.pick("rebalancing", "리밸런스 중"),
        ConsumerState::Stalled => lang.pick("stalled", "멈춰 있음"),
        ConsumerState::Stopped => lang.pick("stopped", "정지됨"),
        ConsumerState::Dead => lang.pick("dead", "죽음"),
    }
}

/// How a process is; nothing if it is well.
pub(crate) fn health(lang: Lang, health: Health) -> Option<&'static str> {
    match health {
        Health::Up => None,
        Health::Starting => Some(lang.pick("starting", "시작 중")),
        Health::Paused => Some(lang.pick("stands still", "멈춰 있음")),
        Health::Slow => Some(StageText::of(lang).slow),
        Health::Down => Some(StageText::of(lang).down),
    }
}

/// Where events wait to be published.
pub(crate) fn outbox(lang: Lang, kind: RelayKind) -> &'static str {
    match kind {
        RelayKind::Outbox => lang.pick("Outbox", "아웃박스"),
        RelayKind::Capture => lang.pick("DB log", "DB 로그"),
        RelayKind::EventStore => lang.pick("All events", "전체 이벤트"),
    }
}

/// Who publishes them.
pub(crate) fn relay(lang: Lang, kind: RelayKind) -> &'static str {
    match kind {
        RelayKind::Outbox | RelayKind::EventStore => lang.pick("Relay", "릴레이"),
        RelayKind::Capture => lang.pick("Change capture", "변경 캡처"),
    }
}

/// The same where there is little room.
pub(crate) fn relay_short(lang: Lang, kind: RelayKind) -> &'static str {
    if kind == RelayKind::Capture { "CDC" } else { relay(lang, kind) }
}

/// A command's kind.
pub(crate) fn command(lang: Lang, kind: CommandKind) -> &'static str {
    match kind {
        CommandKind::Open => lang.pick("open", "개설"),
        CommandKind::Deposit => lang.pick("deposit", "입금"),
        CommandKind::Withdraw => lang.pick("withdraw", "출금"),
        CommandKind::Transfer => lang.pick("transfer", "송금"),
    }
}

/// A link's two ends.
pub(crate) fn link(lang: Lang, link: Link) -> &'static str {
    match link {
        Link::ClientApi => lang.pick("client → API", "클라이언트 → API"),
        Link::ApiWriteDb => lang.pick("API → write DB", "API → 쓰기 DB"),
        Link::RelayWriteDb => lang.pick("relay → write DB", "릴레이 → 쓰기 DB"),
        Link::Produce => lang.pick("produce", "발행(produce)"),
        Link::Replication => lang.pick("replication", "복제"),
        Link::Fetch => lang.pick("fetch", "가져오기(fetch)"),
        Link::Coordination => lang.pick("coordinator", "코디네이터"),
        Link::ListenerReadDb => lang.pick("listener → read DB", "리스너 → 읽기 DB"),
        Link::ClientQuery => lang.pick("client → query API", "클라이언트 → 조회 API"),
        Link::QueryReadDb => lang.pick("query API → read DB", "조회 API → 읽기 DB"),
        Link::Completion => lang.pick("completion notice", "완료 알림"),
    }
}

/// What a flight carries.
pub(crate) fn cargo(lang: Lang, cargo: Cargo) -> &'static str {
    match cargo {
        Cargo::Command => lang.pick("command", "명령"),
        Cargo::Accepted => lang.pick("answer: accepted", "응답: 접수됨"),
        Cargo::Refused => lang.pick("answer: refused", "응답: 거절"),
        Cargo::Statement => lang.pick("database statement", "DB 질의"),
        Cargo::StatementDone => lang.pick("database result", "DB 결과"),
        Cargo::Events => lang.pick("domain events", "도메인 이벤트"),
        Cargo::Appended => lang.pick("produce response", "발행 응답"),
        Cargo::FetchRequest => lang.pick("fetch request", "fetch 요청"),
        Cargo::Nothing => lang.pick("empty fetch response", "빈 fetch 응답"),
        Cargo::Replication => lang.pick("replica fetch", "복제 fetch"),
        Cargo::Commit => lang.pick("offset commit", "오프셋 커밋"),
        Cargo::Membership => lang.pick("group request", "그룹 요청"),
        Cargo::Effect => lang.pick("update of the read model", "읽기 모델 갱신"),
        Cargo::EffectDone => lang.pick("updated", "갱신됨"),
        Cargo::Query => lang.pick("query", "조회"),
        Cargo::Answer => lang.pick("answer to a query", "조회 응답"),
        Cargo::Notice => lang.pick("completion notice", "완료 알림"),
        Cargo::Failure => lang.pick("error", "오류"),
    }
}

/// A consumer within its group: `consumer 1`, `retry 2`, `dead letters`.
pub(crate) fn consumer_title(lang: Lang, duty: ConsumerDuty, number: u32) -> String {
    let t = StageText::of(lang);
    match duty {
        ConsumerDuty::Main => format!("{} {}", t.consumer, number + 1),
        ConsumerDuty::Retry(place) => format!("{} {}", t.retry_consumer, place + 1),
        ConsumerDuty::DeadLetters => t.dead_letter_consumer.to_owned(),
    }
}

/// How often something is done: `every 200 ms`, `200 ms마다`.
pub(crate) fn every(lang: Lang, long: &str) -> String {
    lang.pick(format!("every {long}"), format!("{long}마다"))
}

/// A count of something: `3 waiting`, `대기 3`.
pub(crate) fn counted(lang: Lang, count: impl std::fmt::Display, what: &str) -> String {
    let count = count.to_string();
    let what = if count == "1" && lang == Lang::En { &singular(what) } else { what };
    lang.pick(format!("{count} {what}"), format!("{what} {count}"))
}

/// One of what is named in the plural: `dead letters`, `listeners at work`.
fn singular(what: &str) -> String {
    let one = |word: &str| word.strip_suffix('s').filter(|_| !word.contains('\'')).unwrap_or(word).to_owned();
    what.split(' ').map(one).collect::<Vec<_>>().join(" ")
}

/// How true an answer was when the read model gave it: fresh, late or wrong.
pub(crate) fn truth(lang: Lang, answer: &AnswerView) -> String {
    let t = StageText::of(lang);
    match answer.stale_us {
        _ if answer.read == answer.written => t.fresh.to_owned(),
        // Nothing is on its way that would mend it: then the answer is not late, it is wrong.
        0 => t.wrong.to_owned(),
        us => format!("{} {}", t.stale_by, duration(us)),
    }
}

/// More events applied than there are: some were applied twice.
fn too_many(lang: Lang, applied: u64, total: u64) -> String {
    let more = applied - total;
    lang.pick(format!("{more} applied twice"), format!("{more}개 두 번 반영"))
}

/// The same where there is room for a number only.
pub(crate) fn applied_shortest(lang: Lang, applied: u64, total: u64) -> String {
    if applied > total {
        return too_many(lang, applied, total);
    }
    if total >= 1_000 {
        return format!("{applied} / {total}");
    }
    lang.pick(format!("{applied} of {total}"), format!("{total}개 중 {applied}개"))
}

/// The same in few letters.
pub(crate) fn applied_short(lang: Lang, applied: u64, total: u64) -> String {
    if applied > total {
        return too_many(lang, applied, total);
    }
    lang.pick(format!("{applied} of {total} events"), format!("{total}개 중 {applied}개 반영"))
}

/// How many of an account's events the read model has applied.
pub(crate) fn applied(lang: Lang, applied: u64, total: u64) -> String {
    if applied > total {
        return too_many(lang, applied, total);
    }
    lang.pick(format!("applied {applied} of {total} events"), format!("이벤트 {total}개 중 {applied}개 반영"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_counted_in_the_singular() {
        let t = StageText::of(Lang::En);
        let counted = |n: u64, what| counted(Lang::En, n, what);
        assert_eq!([counted(1, t.dead_letters), counted(2, t.dead_letters)], ["1 dead letter", "2 dead letters"]);
        assert_eq!(counted(1, t.listeners_at_work), "1 listener at work");
        assert_eq!(counted(1, t.executor_queue), "1 in the executor's queue");
        assert_eq!(counted(1, t.kept), "1 record kept");
    }
}
