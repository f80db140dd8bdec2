//! What the things on the stage are called, and what they are.

use super::{Lang, faults, nodes, stage};
use crate::fault::Node;
use crate::player::Thing;
use crate::scene::{MEMBERS_FROM, RelayKind, SHARES_FROM, Scene};

/// A thing's name.
pub(crate) fn name(thing: Thing, scene: &Scene, lang: Lang) -> String {
    let numbered = |en: &str, ko: &str, number: u64| [lang.pick(en, ko), " ", &number.to_string()].concat();
    let plain = |en: &str, ko: &str| lang.pick(en, ko).to_owned();
    match thing {
        Thing::Client => plain("Clients", "클라이언트"),
        Thing::Api => plain("Command API", "명령 API"),
        Thing::Handler => plain("Command handler", "명령 핸들러"),
        Thing::Account(id) => {
            let account = scene.accounts.iter().find(|account| account.id == id).map_or("?", |account| &account.name);
            [lang.pick("Account", "계좌"), " ", account].concat()
        }
        Thing::WriteDb => plain("Write database", "쓰기 DB"),
        Thing::Outbox => stage::outbox(lang, relay_kind(scene)).to_owned(),
        Thing::Relay => stage::relay(lang, relay_kind(scene)).to_owned(),
        Thing::Broker(id) => numbered("Broker", "브로커", id.into()),
        Thing::Topic(id) => scene.topics.iter().find(|topic| topic.id == id).map_or_else(|| "?".to_owned(), |topic| topic.name.to_string()),
        Thing::Partition { topic, partition } => [&name(Thing::Topic(topic), scene, lang), " P", &partition.to_string()].concat(),
        Thing::Record { topic, partition, offset } => {
            [&name(Thing::Partition { topic, partition }, scene, lang), "@", &offset.to_string()].concat()
        }
        Thing::Group(group) => scene.groups.get(group as usize).map_or_else(|| "?".to_owned(), |group| group.name.to_string()),
        Thing::Consumer(id) => {
            let found = scene.groups.iter().find_map(|group| group.consumers.iter().find(|c| c.id == id).map(|c| (&group.name, c)));
            match found.map(|(group, c)| (group, c, &c.name)) {
                Some((group, _, Some(name))) => [&**group, " · ", name].concat(),
                Some((group, c, None)) => [&**group, " · ", &stage::consumer_title(lang, c.duty, c.number)].concat(),
                None => numbered("Consumer", "소비자", id.into()),
            }
        }
        Thing::Projection(group) => scene.projections.get(group as usize).map_or_else(|| "?".to_owned(), |view| view.name.to_string()),
        Thing::QueryApi => plain("Query API", "조회 API"),
        Thing::Producer(id) => scene.producers.iter().find(|p| p.id == id).map_or_else(|| "?".to_owned(), |p| p.name.to_string()),
        Thing::Service => plain("Service", "서비스"),
        Thing::Bean(number) => {
            let bean = scene.application.as_ref().and_then(|app| app.beans.get(number as usize));
            bean.map_or_else(|| "?".to_owned(), |bean| bean.name.to_string())
        }
        Thing::Table(number) => {
            let table = scene.application.as_ref().and_then(|app| app.tables.get(number as usize));
            table.map_or_else(|| "?".to_owned(), |(name, _)| name.to_string())
        }
        Thing::Link(link) => faults::link(link, lang).to_owned(),
        Thing::Flight(number) => numbered("Flight", "전송", number),
    }
}

/// A node's name, as it stands on the stage.
pub(crate) fn node(node: Node, scene: &Scene, lang: Lang) -> String {
    match node {
        Node::Consumer(slot) => name(Thing::Consumer(slot), scene, lang),
        Node::Member(place) => name(Thing::Consumer(MEMBERS_FROM + place), scene, lang),
        Node::ShareConsumer(place) => name(Thing::Consumer(SHARES_FROM + place), scene, lang),
        Node::Producer(place) => name(Thing::Producer(place), scene, lang),
        node => nodes::name(node, lang),
    }
}

/// Whether a thing is a share group or one of its consumers.
pub(crate) fn is_share(thing: Thing, scene: &Scene) -> bool {
    match thing {
        Thing::Consumer(id) => id >= SHARES_FROM,
        Thing::Group(group) => scene.groups.get(group as usize).is_some_and(|g| g.consumers.iter().any(|c| c.id >= SHARES_FROM)),
        _ => false,
    }
}

/// What a thing is, in a sentence or two.
pub(crate) fn what(thing: Thing, scene: &Scene, lang: Lang) -> &'static str {
    match (thing, relay_kind(scene)) {
        (Thing::Group(_), _) if is_share(thing, scene) => lang.pick(
            "A share group: its consumers work side by side, on one partition too. The group remembers what has become of each record, not one offset.",
            "공유 그룹: 소비자들이 한 파티션도 나란히 처리합니다. 그룹은 오프셋 하나가 아니라 레코드마다 어떻게 되었는지 기억합니다.",
        ),
        (Thing::Consumer(_), _) if is_share(thing, scene) => lang.pick(
            "A share consumer with its worker: it is given records that nobody has in hand, under a lock, and says of each what became of it.",
            "작업자를 가진 공유 소비자: 아무도 쥐지 않은 레코드를 잠금과 함께 받고, 레코드마다 어떻게 되었는지 말합니다.",
        ),
        (Thing::Outbox, RelayKind::Capture) => lang.pick(
            "The database's own log of everything that it has committed, in that order. The outbox row is inserted and deleted in one transaction: the log keeps it.",
            "DB가 커밋한 모든 것을 그 순서로 적은 로그. 아웃박스 행은 한 트랜잭션에서 넣고 지우며, 로그에 남습니다.",
        ),
        (Thing::Relay, RelayKind::Capture) => lang.pick(
            "Change capture (Debezium in Kafka Connect): reads the database's log in commit order and publishes each outbox row with the account as key. Its position is stored now and then: after a crash it publishes again what lies between.",
            "변경 캡처(Kafka Connect의 Debezium): DB 로그를 커밋 순서로 읽어 계좌를 키로 발행합니다. 위치는 가끔 저장하므로, 장애 뒤에는 그 사이의 것을 다시 발행합니다.",
        ),
        (Thing::Outbox, RelayKind::EventStore) => lang.pick(
            "The index over all events of the event store. Ids are taken before the commit, so a later id may be there first: a reader must remember the gaps.",
            "이벤트 저장소의 모든 이벤트에 대한 색인. id는 커밋 전에 받으므로 뒤의 id가 먼저 보일 수 있습니다. 읽는 쪽은 빈 번호를 기억해야 합니다.",
        ),
        (Thing::Relay, RelayKind::EventStore) => lang.pick(
            "Reads the event store itself, publishes what is new, and stores a token that says how far it has come. No outbox: the events are the truth.",
            "이벤트 저장소를 직접 읽어 새 이벤트를 발행하고, 어디까지 왔는지 토큰을 저장합니다. 아웃박스가 없습니다. 이벤트가 진실입니다.",
        ),
        (thing, _) => what_usually(thing, lang),
    }
}

/// What carries events to the log.
fn relay_kind(scene: &Scene) -> RelayKind {
    scene.relay.map_or(RelayKind::Outbox, |relay| relay.kind)
}

fn what_usually(thing: Thing, lang: Lang) -> &'static str {
    match thing {
        Thing::Client => lang.pick(
            "Browsers of people who move money: they send commands, retry on timeout, ask for balances, and wait to learn the outcome.",
            "돈을 옮기는 사람들의 브라우저. 명령을 보내고, 시간이 지나면 다시 보내고, 잔액을 조회하고, 결과를 기다립니다.",
        ),
        Thing::Api => lang.pick(
            "Takes commands and answers 202 Accepted or a refusal. It does not wait for any read model.",
            "명령을 받아 202 접수 또는 거절로 답합니다. 읽기 모델은 기다리지 않습니다.",
        ),
        Thing::Handler => lang.pick(
            "Loads the aggregate, lets it decide, and stores the event that comes of it. A refused command makes no event.",
            "애그리거트를 읽어 결정하게 하고, 나온 이벤트를 저장합니다. 거절된 명령은 이벤트를 만들지 않습니다.",
        ),
        Thing::Account(_) => lang.pick(
            "The same account twice: as the write model knows it, and as the read model says. The difference is the staleness that one can see.",
            "같은 계좌를 두 번: 쓰기 모델이 아는 값과 읽기 모델이 말하는 값. 차이가 눈에 보이는 뒤처짐입니다.",
        ),
        Thing::WriteDb => lang.pick(
            "The event store: the truth of the write side. Each change is an event with a version.",
            "이벤트 저장소. 쓰기 쪽의 진실입니다. 모든 변경은 버전이 있는 이벤트입니다.",
        ),
        Thing::Outbox => lang.pick(
            "A table in the write database. The event's row commits together with the change, so neither can be lost without the other.",
            "쓰기 DB의 표. 이벤트의 행은 변경과 함께 커밋되어, 하나만 사라질 수 없습니다.",
        ),
        Thing::Relay => lang.pick(
            "Reads unpublished rows, publishes them to the log, and marks them. If it dies between the last two, it publishes them again.",
            "미발행 행을 읽어 로그에 발행하고 표시합니다. 그 사이에 죽으면 다시 발행합니다.",
        ),
        Thing::Broker(_) => lang.pick(
            "Holds replicas of partitions, leads some of them. Consumers see only what all in-sync replicas have.",
            "파티션의 복제본을 갖고 일부의 리더가 됩니다. 소비자는 모든 동기화 복제본이 가진 것만 봅니다.",
        ),
        Thing::Topic(_) => lang.pick("A log of records in several partitions.", "여러 파티션으로 된 레코드의 로그."),
        Thing::Partition { .. } => lang.pick(
            "One lane of the log. Records keep their order in it and nowhere else.",
            "로그의 한 줄. 레코드의 순서는 이 안에서만 지켜집니다.",
        ),
        Thing::Record { .. } => lang.pick(
            "One record: a domain event with its key. It stays where it is, however often it is read.",
            "레코드 하나: 키가 있는 도메인 이벤트. 몇 번을 읽어도 그대로 있습니다.",
        ),
        Thing::Group(_) => lang.pick(
            "Consumers that share the partitions. The group remembers one committed offset for each.",
            "파티션을 나누어 읽는 소비자들. 그룹은 파티션마다 커밋된 오프셋 하나를 기억합니다.",
        ),
        Thing::Consumer(_) => lang.pick(
            "A consumer with its listener container: it polls, calls the listener, and commits when the ack mode says so.",
            "리스너 컨테이너를 가진 소비자: poll하고, 리스너를 부르고, ACK 모드에 따라 커밋합니다.",
        ),
        Thing::Projection(_) => lang.pick(
            "A read model: events applied one by one, for nothing but to be asked.",
            "읽기 모델: 이벤트를 하나씩 적용한 것. 조회만을 위해 있습니다.",
        ),
        Thing::Producer(_) => lang.pick(
            "A producer of the script: an application that sends records, with settings of its own.",
            "스크립트의 생산자. 자체 설정으로 레코드를 보내는 애플리케이션입니다.",
        ),
        Thing::Service => lang.pick(
            "A method of the application, in a transaction or not. It publishes events to listeners in the same process.",
            "트랜잭션 안이나 밖에서 실행되는 애플리케이션의 메서드. 같은 프로세스의 리스너에게 이벤트를 발행합니다.",
        ),
        Thing::Bean(_) => lang.pick(
            "A listener in the same process; its annotations say when it is called, on which thread and in which transaction.",
            "같은 프로세스의 리스너. 언제, 어느 스레드와 트랜잭션에서 불리는지는 애너테이션이 말합니다.",
        ),
        Thing::Table(_) => lang.pick(
            "A table of the application's database, with what is committed.",
            "애플리케이션 데이터베이스의 테이블과 커밋된 행.",
        ),
        Thing::QueryApi => lang.pick(
            "Answers questions from the read model, as old as that is.",
            "읽기 모델로 답합니다. 답은 읽기 모델만큼 오래된 값입니다.",
        ),
        Thing::Link(_) => lang.pick(
            "A connection. Everything on it takes its time, one way and back.",
            "연결 하나. 그 위의 모든 것은 가는 데도 오는 데도 시간이 걸립니다.",
        ),
        Thing::Flight(_) => lang.pick("Something in transit.", "전송 중인 것."),
    }
}
