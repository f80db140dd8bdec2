//! What each setting does, in one sentence. The match is exhaustive: a property without its sentences does not compile.

use super::{Lang, says};
use crate::scenario::{Property, Scope, TakesEffect};

says! {
    /// What a property does.
    pub(crate) fn sentence(Property) {
        ClientCount: "How many clients issue commands and queries.", "명령과 조회를 보내는 클라이언트의 수.";
        AccountCount: "How many accounts the bank opens at the beginning.", "은행이 처음에 여는 계좌의 수.";
        OpeningBalance: "What each account holds at the beginning.", "각 계좌의 처음 잔액.";
        CommandRate: "How many commands all clients together send in a minute.", "모든 클라이언트가 1분 동안 보내는 명령의 수.";
        QueryRate: "How many queries all clients together send in a minute.", "모든 클라이언트가 1분 동안 보내는 조회의 수.";
        DepositShare: "How many of the commands are deposits; what is left of all shares is transfers.", "명령 가운데 입금의 비율. 남은 비율은 송금이다.";
        WithdrawShare: "How many of the commands are withdrawals.", "명령 가운데 출금의 비율.";
        OverdraftShare: "How many of the commands ask for more than the account holds and are refused: a refusal makes no event.", "잔액보다 많이 요구해 거절되는 명령의 비율. 거절은 이벤트를 만들지 않는다.";
        ClientBackOff: "How long a client waits before it sends a command again.", "클라이언트가 명령을 다시 보내기 전에 기다리는 시간.";
        CompletionTimeout: "How long a client waits for the outcome before it gives up.", "클라이언트가 결과를 포기하기 전까지 기다리는 시간.";
        SseReconnect: "How long a client waits before it connects again (SSE, WebSocket), or how long its device or its webhook's host is away.", "끊긴 SSE나 WebSocket에 다시 연결하기까지의 시간, 또는 기기나 웹훅 서버가 자리를 비우는 시간.";
        SseReread: "Whether a client reads the status once more after a reconnect: otherwise what was sent meanwhile is lost.", "다시 연결한 뒤 상태를 한 번 더 읽는가. 아니면 그 사이의 알림을 잃는다.";
        LongPollTimeout: "How long the server holds a request for a status that has nothing new to say.", "새로운 것이 없는 상태 요청을 서버가 붙잡는 시간.";
        NotifyOnReplay: "Whether a view that is built again tells clients again of what they knew long ago: side effects do not belong into a replay.", "뷰를 재구축할 때 클라이언트가 이미 아는 것을 다시 알리는가. 부수 효과는 리플레이에 들어가면 안 된다.";
        Remedy: "What a client does so as to read what it wrote: show the state that the command's answer held, ask for a version and wait, or ask the write side.", "클라이언트가 자기가 쓴 것을 읽는 방법: 명령의 응답에 담긴 상태를 보이거나, 버전을 지정해 기다리거나, 쓰기 쪽에 묻는다.";
        ReadBack: "Whether a client asks for its account as soon as its command is accepted, as a page does that loads again.", "명령이 접수되자마자 클라이언트가 자기 계좌를 조회하는가. 새로고침한 페이지처럼.";
        StickyReplica: "Whether a client always reads the same copy of the view, so that what it has seen does not vanish again.", "클라이언트가 늘 같은 복사본의 뷰를 읽는가. 그러면 본 것이 다시 사라지지 않는다.";
        PushTime: "How long a push service takes to reach a device that is online.", "푸시 서비스가 켜진 기기에 닿기까지의 시간.";
        PushTtl: "How long a push service keeps what it cannot deliver; 0 is now or never.", "푸시 서비스가 전하지 못한 것을 보관하는 시간. 0은 지금 아니면 없음.";
        EmailTime: "How long a mail is on its way.", "메일이 가는 데 걸리는 시간.";
        MinVersionTimeout: "How long a query waits for the version that it asks for; then it gets what there is.", "조회가 지정한 버전을 기다리는 시간. 지나면 있는 것을 받는다.";
        ReplicaLag: "How far a second copy of the view is behind the first; queries read both in turn. 0: there is none.", "뷰의 두 번째 복사본이 뒤처지는 시간. 조회는 둘을 번갈아 읽는다. 0은 복사본 없음.";
        SseHistory: "Whether the server keeps notices for clients that reconnect (Last-Event-ID).", "다시 연결하는 클라이언트를 위해 서버가 알림을 보관하는가(Last-Event-ID).";
        WriteDbTimeout: "How long the API waits for the write database.", "API가 쓰기 DB를 기다리는 시간.";
        RelayReads: "How the relay finds unpublished rows: by a flag; by the last id it has seen, which steps over rows that commit late; or by an id that remembers its gaps for a minute.", "릴레이가 미발행 행을 찾는 방법: 표시, 마지막 id(늦게 커밋된 행을 건너뛴다), 또는 빈 번호를 1분 동안 기억하는 id.";
        RelayCount: "How many relays poll the outbox side by side (FOR UPDATE SKIP LOCKED): the order of one account can break.", "아웃박스를 나란히 폴링하는 릴레이의 수(FOR UPDATE SKIP LOCKED). 계좌의 순서가 깨질 수 있다.";
        CaptureInterval: "How often change capture (Debezium) hands over what it has read in the database's log.", "변경 캡처(Debezium)가 DB 로그에서 읽은 것을 넘기는 간격.";
        FlushInterval: "How often Kafka Connect stores how far change capture has come; what lies between is published again after a crash.", "Kafka Connect가 변경 캡처의 위치를 저장하는 간격. 장애 뒤에는 그 사이의 것을 다시 발행한다.";
        SnapshotEvery: "After how many events an account gets a snapshot, so that a load need not read them all; 0 is never.", "계좌의 스냅숏을 뜨는 이벤트 수. 로드가 전부를 읽지 않게 한다. 0은 없음.";
        EventReadTime: "How long a load takes for each event that it has to read: what snapshots save.", "로드가 이벤트 하나를 읽는 데 걸리는 시간. 스냅숏이 아끼는 것이다.";
        CommitRecovered: "Whether the offset of a recovered record is committed at once.", "리커버러가 처리한 레코드의 오프셋을 바로 커밋하는가.";
        ReadDbTimeout: "How long a listener waits for the read database.", "리스너가 읽기 DB를 기다리는 시간.";
        ClientTimeout: "How long a client waits for a response before it sends the command again.", "클라이언트가 응답을 기다리는 시간. 지나면 명령을 다시 보낸다.";
        ClientRetries: "How often a client sends a command again before it gives up.", "클라이언트가 포기하기 전에 명령을 다시 보내는 횟수.";
        IdempotencyKey: "With a key on each command, a command sent twice is carried out once.", "명령마다 멱등 키가 있으면 두 번 보낸 명령도 한 번만 수행된다.";
        Completion: "How a client learns that its command is done: it asks a status URL (whose answer may be held back), it is told over a connection (SSE, WebSocket), by push, by e-mail, or by a call of its webhook.", "클라이언트가 완료를 아는 방법: 상태 URL을 묻거나(응답을 붙잡을 수 있다), 연결(SSE, WebSocket), 푸시, 메일, 웹훅 호출로 듣는다.";
        CompletionPollInterval: "How often a client asks the status URL.", "클라이언트가 상태 URL을 묻는 간격.";
        Publication: "How an event gets from the write database to the log: through an outbox (polled, or read by change capture), out of the event store itself, inside the transaction, or after the commit.", "이벤트가 쓰기 DB에서 로그로 가는 방법: 아웃박스(폴링 또는 변경 캡처), 이벤트 저장소 자체, 트랜잭션 안에서, 커밋 뒤에.";
        ConflictRetries: "How often the handler tries again when another command has changed the account meanwhile.", "그 사이 다른 명령이 계좌를 바꾸었을 때 처리기가 다시 시도하는 횟수.";
        WriteDbTime: "How long the write database takes for one statement.", "쓰기 DB가 문장 하나에 쓰는 시간.";
        RelayInterval: "How often the relay looks for unpublished rows of the outbox.", "릴레이가 아웃박스의 미발행 행을 찾는 간격.";
        RelayBatch: "How many rows the relay takes at once.", "릴레이가 한 번에 가져오는 행의 수.";
        Acks: "Whose acknowledgment the producer waits for: all in-sync replicas, the leader, or nobody.", "생산자가 기다리는 확인: 모든 동기화 복제본, 리더, 또는 없음.";
        EnableIdempotence: "Numbered batches: a batch that is sent again is not appended again.", "배치에 번호를 붙인다. 다시 보낸 배치는 두 번 기록되지 않는다.";
        Retries: "How often the producer sends a failed batch again; delivery.timeout.ms usually ends it first.", "생산자가 실패한 배치를 다시 보내는 횟수. 보통 delivery.timeout.ms가 먼저 끝낸다.";
        MaxInFlight: "How many unanswered requests the producer has at a broker; more than one without idempotence can reorder.", "브로커마다 응답을 기다리는 요청의 수. 멱등성 없이 2 이상이면 순서가 바뀔 수 있다.";
        LingerMs: "How long the producer waits for more records before it sends a batch.", "배치를 보내기 전에 레코드를 더 기다리는 시간.";
        BatchSize: "How many bytes a batch holds; a null key stays with a partition for as many.", "배치의 바이트 수. 널 키는 이만큼 한 파티션에 머문다.";
        DeliveryTimeoutMs: "After this time a record has failed, whatever is left of its retries.", "이 시간이 지나면 재시도가 남아 있어도 전송은 실패다.";
        RequestTimeoutMs: "How long the producer waits for the answer to one request.", "생산자가 요청 하나의 응답을 기다리는 시간.";
        RetryBackoffMs: "The pause before the first retry; it doubles with each one up to a second.", "첫 재시도 전의 쉼. 재시도마다 두 배가 되고 1초까지 늘어난다.";
        RecordKey: "With the account as key, its events keep their order in one partition; without a key they do not.", "계좌가 키이면 그 이벤트는 한 파티션에서 순서를 지킨다. 키가 없으면 지키지 않는다.";
        Partitions: "Into how many lanes the topic is divided.", "토픽을 나누는 파티션의 수.";
        ReplicationFactor: "On how many brokers each partition lies.", "각 파티션을 가진 브로커의 수.";
        MinInsyncReplicas: "With fewer replicas in sync, acks=all is refused and the high watermark stands still.", "동기화 복제본이 이보다 적으면 acks=all은 거절되고 하이 워터마크가 멈춘다.";
        UncleanElection: "Whether a replica that lags may become leader; what it does not have is lost.", "뒤처진 복제본이 리더가 될 수 있는가. 없는 레코드는 사라진다.";
        CleanupPolicy: "Old records are deleted by age and size, or only the last of each key is kept.", "오래된 레코드를 나이와 크기로 지우거나, 키마다 마지막 것만 남긴다.";
        RetentionMs: "How long a closed segment is kept after its newest record.", "닫힌 세그먼트를 가장 새로운 레코드 뒤로 보존하는 시간.";
        RetentionBytes: "How large a partition may grow before its oldest segments go; -1 is without limit.", "가장 오래된 세그먼트를 지우기 전의 파티션 크기. -1은 제한 없음.";
        SegmentMs: "After this time the active segment is closed; only closed ones can be deleted.", "이 시간이 지나면 활성 세그먼트를 닫는다. 닫힌 것만 지울 수 있다.";
        SegmentBytes: "At this size the active segment is closed; only closed ones can be deleted.", "이 크기가 되면 활성 세그먼트를 닫는다. 닫힌 것만 지울 수 있다.";
        Brokers: "How many brokers the cluster has.", "클러스터의 브로커 수.";
        ReplicaLagTimeMaxMs: "A replica that has not caught up for so long is no longer in sync.", "이 시간 동안 따라잡지 못한 복제본은 동기화 집합에서 빠진다.";
        BrokerSessionTimeoutMs: "After so much silence the controller takes a broker for dead.", "이 시간 동안 소식이 없으면 컨트롤러는 브로커가 죽었다고 본다.";
        RetentionCheckMs: "How often brokers look for segments to delete.", "브로커가 지울 세그먼트를 찾는 간격.";
        InitialRebalanceDelayMs: "How long an empty group waits for more members before its first assignment.", "빈 그룹이 첫 할당 전에 구성원을 더 기다리는 시간.";
        BrokerTime: "How long a broker works on one request.", "브로커가 요청 하나를 처리하는 시간.";
        Consumers: "How many consumer processes the group has.", "그룹의 컨슈머 프로세스 수.";
        Concurrency: "How many threads, each with its own consumer, a container runs.", "컨테이너가 돌리는 스레드의 수. 스레드마다 컨슈머가 하나다.";
        GroupProtocol: "Classic: a member assigns the partitions. Consumer: the coordinator does (KIP-848).", "classic은 구성원이, consumer는 코디네이터가 파티션을 나눈다(KIP-848).";
        Assignor: "How partitions are shared out; all but cooperative-sticky stop everyone for a rebalance.", "파티션을 나누는 방법. cooperative-sticky 말고는 리밸런스 때 모두 멈춘다.";
        StaticMembership: "A member with a name of its own comes back after a restart without a rebalance.", "이름이 있는 구성원은 재시작해도 리밸런스 없이 돌아온다.";
        MaxPollRecords: "How many records one poll returns at most.", "poll 한 번이 돌려주는 레코드의 최대 수.";
        MaxPollIntervalMs: "A consumer that does not poll for so long is out of the group: it becomes a zombie.", "이 시간 동안 poll하지 않은 컨슈머는 그룹에서 빠진다. 좀비가 된다.";
        SessionTimeoutMs: "A consumer that sends no heartbeat for so long is taken for dead.", "이 시간 동안 하트비트가 없는 컨슈머는 죽은 것으로 본다.";
        HeartbeatIntervalMs: "How often a consumer says that it lives, and learns of a rebalance.", "컨슈머가 살아 있음을 알리고 리밸런스를 아는 간격.";
        FetchMaxWaitMs: "How long a broker holds an empty fetch.", "브로커가 빈 fetch를 붙잡아 두는 시간.";
        AutoOffsetReset: "Where to begin when there is no committed offset, or it is out of range.", "커밋된 오프셋이 없거나 범위를 벗어났을 때 시작할 곳.";
        IsolationLevel: "Whether records of open and aborted transactions are read.", "열려 있거나 중단된 트랜잭션의 레코드를 읽는가.";
        Deserializer: "Whether a record that cannot be decoded goes to the error handler, or stops the consumer for ever.", "해독할 수 없는 레코드를 오류 처리기로 보내는가, 컨슈머를 영원히 막는가.";
        ListenerType: "Whether the listener gets records one by one or a whole poll at once.", "리스너가 레코드를 하나씩 받는가, poll 전체를 받는가.";
        AckMode: "When the container commits: after each record, after the poll, or when the listener says so.", "컨테이너가 커밋하는 때: 레코드마다, poll마다, 또는 리스너가 말할 때.";
        AckCount: "In the COUNT modes: after how many records to commit.", "COUNT 모드에서 커밋할 레코드의 수.";
        AckTime: "In the TIME modes: after how long to commit.", "TIME 모드에서 커밋할 간격.";
        AsyncAcks: "Acknowledgments may come out of order; the commit waits for the gaps.", "ACK의 순서가 달라도 된다. 커밋은 빈 곳을 기다린다.";
        PollTimeout: "How long a poll waits for records; a nack sleeps in multiples of it.", "poll이 레코드를 기다리는 시간. nack의 쉼은 이 시간의 배수가 된다.";
        ListenerTime: "How long the listener's own work takes for one record.", "리스너가 레코드 하나에 쓰는 시간.";
        OnFailure: "What the listener does when the read database fails: nack in its catch, or let the exception go.", "읽기 DB가 실패하면 리스너는 catch에서 nack하거나 예외를 던진다.";
        NackSleep: "For how long a nack pauses the consumer.", "nack이 컨슈머를 쉬게 하는 시간.";
        ErrorHandler: "Who gets an exception of the listener.", "리스너의 예외를 받는 처리기.";
        BackOff: "Whether the pauses between attempts stay the same or grow.", "시도 사이의 쉼이 일정한가, 늘어나는가.";
        BackOffInterval: "The pause between attempts, or the first one.", "시도 사이의 쉼, 또는 첫 번째 쉼.";
        BackOffMaxAttempts: "How many attempts follow the first one before the record is given up.", "첫 시도 뒤 포기하기 전까지의 시도 수.";
        BackOffMultiplier: "By how much the pause grows each time.", "쉼이 매번 늘어나는 비율.";
        BackOffMaxInterval: "The longest pause.", "가장 긴 쉼.";
        Recoverer: "Where a record goes that was given up: into a line of the log file, or to the dead-letter topic.", "포기한 레코드가 가는 곳: 로그 한 줄, 또는 데드 레터 토픽.";
        SeekAfterError: "Whether the rest of the poll is fetched again after an error, or kept in memory.", "오류 뒤에 poll의 나머지를 다시 가져오는가, 메모리에 두는가.";
        RetryTopics: "Attempts through retry topics, so that others need not wait; 0 is without. The order per key breaks.", "다른 레코드가 기다리지 않도록 재시도 토픽으로 시도하는 횟수. 0은 없음. 키의 순서는 깨진다.";
        RetryTopicDelay: "How long a record waits in a retry topic.", "레코드가 재시도 토픽에서 기다리는 시간.";
        Idempotency: "How the projection bears a record that comes twice: not at all, by a table of event ids, by the account's version, or by the offset stored in the same transaction (which knows redeliveries, and not what lies in the log twice).", "같은 레코드가 두 번 올 때 프로젝션이 견디는 방법: 없음, 이벤트 id 표, 계좌의 버전, 또는 같은 트랜잭션에 저장한 오프셋(재전달은 알지만 로그에 두 번 있는 것은 모른다).";
        ReadDbTime: "How long the read database takes for one statement.", "읽기 DB가 문장 하나에 쓰는 시간.";
        LinkLatency: "How long everything takes on this link, one way.", "이 연결에서 한 방향으로 걸리는 시간.";
    }
}

says! {
    /// Whose a property is.
    pub(crate) fn scope(Scope) {
        Client: "Clients", "클라이언트";
        Api: "API and publication", "API와 발행";
        Producer: "Producer", "생산자(Producer)";
        Topic: "Topic", "토픽";
        Broker: "Brokers", "브로커";
        Consumer: "Consumers", "소비자(Consumer)";
        Listener: "Listener container", "리스너 컨테이너";
        Projection: "Projection", "프로젝션";
        ReadDb: "Read database", "읽기 DB";
        Link: "Links", "연결";
    }
}

says! {
    /// When a change acts.
    pub(crate) fn effect(TakesEffect) {
        Now: "at once", "바로";
        NextRecord: "with the next record", "다음 레코드부터";
        NextPoll: "with the next poll", "다음 poll부터";
        NextRebalance: "with the next rebalance", "다음 리밸런스부터";
        NextRun: "with the next run from the beginning", "처음부터 다시 실행할 때";
        NextRestart: "with a restart, which it causes", "재시작하면서";
    }
}
