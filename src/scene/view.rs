//! What is to be seen, without a coordinate. Does not know how wide the screen is.

use std::sync::Arc;

use crate::kernel::SimTime;
use crate::player::Thing;

use super::{ApplicationView, InProcessView, ProducerView, RelayView, Sprite, StoreView};
use crate::fault::Link;

/// How many of a partition's newest records a scene holds one by one; older ones are a band with a count.
pub const CELLS_MAX: usize = 72;
/// How many flights one link shows one by one; more are a band with a count.
pub const LINK_FLIGHTS_MAX: usize = 200;
/// How many accounts a scene holds one by one.
pub const ACCOUNTS_KEPT_MAX: usize = 12;

/// A world at an instant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The instant.
    pub now: SimTime,
    /// Whether there is a bank: clients, write side, read models. Without it there are only brokers and consumers.
    pub bank: bool,
    /// The clients, as one.
    pub client: ClientView,
    /// The command API.
    pub api: ApiView,
    /// The accounts, in order of opening.
    pub accounts: Vec<AccountView>,
    /// How many more accounts there are than [`Scene::accounts`] holds.
    pub accounts_more: u32,
    /// The write database and what waits in it.
    pub store: StoreView,
    /// The relay; `None` under the strategies that have none.
    pub relay: Option<RelayView>,
    /// Listeners in the API's process; `None` if the events go over the log.
    pub in_process: Option<InProcessView>,
    /// The topics, the one with the events first.
    pub topics: Vec<TopicView>,
    /// The brokers by id.
    pub brokers: Vec<BrokerView>,
    /// The consumer groups.
    pub groups: Vec<GroupView>,
    /// The projections.
    pub projections: Vec<ProjectionView>,
    /// The query API.
    pub query: QueryView,
    /// Producers that a script has brought along.
    pub producers: Vec<ProducerView>,
    /// An application of a script that consumes within its own process.
    pub application: Option<ApplicationView>,
    /// The links that are not as they should be, and how long each takes.
    pub links: Vec<LinkView>,
    /// The things that a fault stands on, and whether it still waits for its moment.
    pub faults: Vec<(Thing, bool)>,
    /// What is in transit.
    pub flights: Vec<Sprite>,
}

/// How a process or a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Working.
    #[default]
    Up,
    /// Working, but slower than it should.
    Slow,
    /// There, and standing still.
    Paused,
    /// Started, and not yet serving.
    Starting,
    /// Not there.
    Down,
}

/// The clients, as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientView {
    /// How many clients.
    pub count: u32,
    /// Commands whose outcome no client knows yet.
    pub waiting: u32,
    /// Commands issued.
    pub issued: u64,
    /// Commands whose completion a client has learned.
    pub completed: u64,
    /// Requests sent again after a timeout.
    pub retried: u64,
    /// How often a client was told of what it knew.
    pub told_again: u64,
    /// The command issued last.
    pub last: Option<CommandView>,
}

/// A command in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandView {
    /// What it wants.
    pub kind: CommandKind,
    /// The amount, 0 if none.
    pub amount: i64,
    /// The account, or the one that pays.
    pub account: Arc<str>,
    /// The account that is paid, for a transfer.
    pub to: Option<Arc<str>>,
}

/// The commands of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// Open an account.
    Open,
    /// Deposit an amount.
    Deposit,
    /// Withdraw an amount.
    Withdraw,
    /// Transfer an amount from one account to another.
    Transfer,
}

/// The command API with its command handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApiView {
    /// How the process is.
    pub health: Health,
    /// Commands being handled.
    pub in_hand: u32,
    /// Commands accepted.
    pub accepted: u64,
    /// Commands refused by the domain.
    pub rejected: u64,
    /// Commits that met another version.
    pub conflicted: u64,
}

/// One account, in the write model and in the read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The account's number.
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    /// The aggregate's version.
    pub version: u64,
    /// The balance in the write model.
    pub written: i64,
    /// The balance in the read model; `None` before its first event was applied.
    pub read: Option<i64>,
    /// How many of its events the read model has applied (an effect applied twice counts twice).
    pub applied: u64,
    /// How many events it has.
    pub total: u64,
}

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicRole {
    /// Carries the domain events.
    Events,
    /// Holds records that are tried again later.
    Retry,
    /// Holds records that were given up.
    DeadLetter,
    /// Anything else.
    Other,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicView {
    /// The topic's number.
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub role: TopicRole,
    /// Its partitions.
    pub lanes: Vec<LaneView>,
}

impl TopicView {
    /// Records in all partitions, from log start to log end.
    pub fn records(&self) -> u64 {
        self.lanes.iter().map(|l| l.log_end - l.log_start).sum()
    }
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaneView {
    /// The partition's number.
    pub partition: u32,
    /// The leader; `None` if there is none.
    pub leader: Option<u32>,
    /// The brokers that hold a replica.
    pub replicas: Vec<u32>,
    /// Those of them that are in sync.
    pub isr: Vec<u32>,
    /// The first retained offset.
    pub log_start: u64,
    /// What consumers may see ends here.
    pub high_watermark: u64,
    /// What read_committed groups may see ends here (E2); the high watermark if no transaction is open.
    pub last_stable: u64,
    /// The next offset to be written.
    pub log_end: u64,
    /// The newest records, ascending, at most [`CELLS_MAX`].
    pub cells: Vec<CellView>,
    /// Where each group is.
    pub marks: Vec<MarkView>,
}

impl Scene {
    /// Whether a lane shows marks of transactions: an end, an open or an aborted one.
    pub fn transactions(&self) -> bool {
        let marked = |cell: &CellView| matches!(cell.state, CellState::Control | CellState::Uncommitted | CellState::Aborted);
        let lanes = self.topics.iter().filter(|t| t.role == TopicRole::Events).flat_map(|t| &t.lanes);
        lanes.into_iter().any(|lane| lane.last_stable < lane.high_watermark || lane.cells.iter().any(marked))
    }
}

impl LaneView {
    /// From where a group would go on after a restart to the high watermark: its lag as Kafka's tool has it (C5), which
    /// counts what retention has deleted meanwhile.
    pub fn lag(&self, mark: &MarkView) -> u64 {
        self.high_watermark.saturating_sub(mark.restart_at)
    }
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellView {
    /// Its offset.
    pub offset: u64,
    /// What is special about it.
    pub state: CellState,
}

/// What is special about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellState {
    /// Nothing.
    Plain,
    /// Not yet below the high watermark.
    Unreplicated,
    /// The end of a transaction; never delivered.
    Control,
    /// Its transaction is open: read_committed groups wait for it.
    Uncommitted,
    /// Its transaction was aborted: read_committed groups are not given it.
    Aborted,
    /// A listener has it in hand.
    InHand,
    /// A listener failed on it and will see it again.
    Failing,
}

/// Where a group is in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkView {
    /// The group, as an index into [`Scene::groups`].
    pub group: u32,
    /// The committed offset.
    pub committed: Option<u64>,
    /// The position of the consumer that owns the partition.
    pub position: Option<u64>,
    /// Where the group would go on after a restart. Without a commit: a group of the bank at the start of the log, any other,
    /// of which nobody knows, where it stands.
    pub restart_at: u64,
}

/// A broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerView {
    /// Its id.
    pub id: u32,
    /// How it is.
    pub health: Health,
    /// How many partitions it leads.
    pub leads: u32,
    /// How many replicas it holds.
    pub replicas: u32,
}

/// What a group is doing, in Kafka's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupState {
    /// No members.
    #[default]
    Empty,
    /// Members are joining.
    PreparingRebalance,
    /// The assignment is awaited.
    CompletingRebalance,
    /// Everyone has an assignment.
    Stable,
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// The group's `group.id`.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: GroupState,
    /// The generation.
    pub generation: u32,
    /// Records between committed offset and high watermark.
    pub lag: u64,
    /// Its consumers, dead ones included.
    pub consumers: Vec<ConsumerView>,
}

/// What a consumer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsumerState {
    /// Has not polled yet.
    #[default]
    Starting,
    /// Polls; has nothing in hand.
    Listening,
    /// The listener has a record in hand.
    Handling,
    /// Waits for a decision by hand.
    Deciding,
    /// Paused by the application.
    Paused,
    /// Sleeps after a nack.
    NackSleep,
    /// The listener is in `acknowledge()`: the commit is under way.
    Acknowledging,
    /// The container commits, between two polls.
    Committing,
    /// Waits between two attempts.
    BackingOff,
    /// A recoverer has the record: it is on its way to a retry topic or to the dead letters.
    Recovering,
    /// In a rebalance.
    Rebalancing,
    /// Does not come back to poll.
    Stalled,
    /// Stopped in good order.
    Stopped,
    /// Dead.
    Dead,
}

impl ConsumerState {
    /// Whether something is wrong with it.
    pub fn is_trouble(self) -> bool {
        matches!(
            self,
            ConsumerState::NackSleep | ConsumerState::BackingOff | ConsumerState::Recovering | ConsumerState::Stalled | ConsumerState::Dead
        )
    }
}

/// What a crash now would make of the record that a listener has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterCrash {
    /// It would be delivered again: it was not acknowledged before its effect.
    #[default]
    Again,
    /// It would be delivered again: it was acknowledged before its effect, and a restart would read it all the same.
    AgainThoughAcked,
    /// The same: the offset is committed, or soon will be, but the view has a place of its own that says where to begin (E5).
    AgainByItsView,
    /// Nobody would see it again: its offset is committed, and its effect is not done.
    Lost,
}

/// What a consumer listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsumerDuty {
    /// The topic of the events.
    #[default]
    Main,
    /// The retry topic with this place in the chain, from 0.
    Retry(u32),
    /// The dead letters.
    DeadLetters,
}

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsumerView {
    /// The consumer's number in the world; from [`MEMBERS_FROM`](super::MEMBERS_FROM) on one without a container.
    pub id: u32,
    /// The name that a script gave it.
    pub name: Option<Arc<str>>,
    /// What it listens to.
    pub duty: ConsumerDuty,
    /// Its number within group and duty, from 0.
    pub number: u32,
    /// What it is doing.
    pub state: ConsumerState,
    /// When that ends, if it is known.
    pub until: Option<SimTime>,
    /// The record in hand: topic, partition, offset.
    pub record: Option<(u32, u32, u64)>,
    /// Which attempt this is, from 1; 0 if nothing is in hand.
    pub attempt: u32,
    /// What a crash now would make of that record.
    pub after_crash: AfterCrash,
    /// Its partitions: topic, partition.
    pub assigned: Vec<(u32, u32)>,
}

/// A projection with its read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionView {
    /// The read model's name.
    pub name: Arc<str>,
    /// The group that feeds it, as an index into [`Scene::groups`].
    pub group: u32,
    /// How its database is.
    pub health: Health,
    /// Whether it is being built again from the log (F5).
    pub rebuilding: bool,
    /// The rows to show: name, value, whether the write model says something else.
    pub rows: Vec<(Arc<str>, i64, bool)>,
    /// How many rows there are.
    pub row_count: u64,
    /// Events committed in the write model.
    pub total: u64,
    /// Effects that were applied more than once.
    pub duplicates: u64,
    /// How old the oldest event is that it has not applied, in microseconds.
    pub behind_us: u64,
}

/// The query API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryView {
    /// How the process is.
    pub health: Health,
    /// Queries answered.
    pub answered: u64,
    /// Of those, with a value that the write model no longer had.
    pub stale: u64,
    /// The latest answer.
    pub last: Option<AnswerView>,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerView {
    /// The account asked for.
    pub account: Arc<str>,
    /// What the read model said; `None` if it had no such account.
    pub read: Option<i64>,
    /// What the write model said at that moment.
    pub written: Option<i64>,
    /// How far behind the read model was, in microseconds.
    pub stale_us: u64,
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LinkState {
    /// As set.
    #[default]
    Normal,
    /// Made slower by a fault.
    Slowed,
    /// Loses or duplicates some of what it carries.
    Lossy,
    /// Nothing passes.
    Severed,
}

/// A link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkView {
    /// Which.
    pub link: Link,
    /// How it is.
    pub state: LinkState,
    /// The typical latency, one way, in microseconds.
    pub latency_us: u64,
}
