//! The command API with its handler: load, decide, store, answer; and the moments between at which a crash hurts.

use super::config::{BankConfig, Publication, Remedy};
use super::domain::{Account, Command, apply, decide};
use super::effect::{Committed, DbError, Direction, Effect, Link, Loaded, Message, Reply, Timer, hop};
use super::event_book::EventBook;
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, ClientIndex, CommandId, EventId};
use super::in_process::{Called, InProcessListeners};
use super::moment::{Moment, MomentKind};
use crate::kernel::{SimTime, SortedMap};

/// The most commands in hand at once; one more is answered with 503.
pub const HANDLING_COUNT_MAX: usize = 1_024;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Api {
    up: bool,
    handlings: SortedMap<u32, Handling>,
    next_handling: u32,
    /// Listeners in this process (F7).
    pub(super) listeners: InProcessListeners,
    counters: ApiCounters,
}

/// What the API has answered so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)] // each counts the answers of that name
pub struct ApiCounters {
    pub accepted_count: u64,
    pub rejected_count: u64,
    pub conflicted_count: u64,
    pub duplicate_count: u64,
    pub unavailable_count: u64,
}

/// One attempt of one command, in the hands of the API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handling {
    client: ClientIndex,
    id: CommandId,
    attempt: u32,
    command: Command,
    stage: HandlingStage,
    /// Counts the stages; a timer of an earlier one is stale.
    step: u32,
    conflict_count: u32,
    event: Option<EventId>,
    /// The state of the account that it is about, after it; only where answers hold it.
    state: Option<(AccountId, Account)>,
}

/// Where a handling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // what it waits for
pub enum HandlingStage {
    Loading,
    Decided,
    Publishing,
    Listening { committed: bool },
    Committing,
    Stored,
    Answering { reply: Reply },
}

/// What the API asks of the bank: a publication whose answer it may want.
pub(super) enum Ask {
    Nothing,
    /// Publish, and tell the handling.
    PublishInside {
        handling: u32,
        event: EventId,
    },
    /// Publish; nobody waits.
    PublishAfter {
        event: EventId,
    },
}

impl Default for Api {
    fn default() -> Self {
        Api {
            up: true,
            handlings: SortedMap::new(),
            next_handling: 0,
            listeners: InProcessListeners::default(),
            counters: ApiCounters::default(),
        }
    }
}

impl Api {
    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Listeners in this process (F7).
    pub fn listeners(&self) -> &InProcessListeners {
        &self.listeners
    }

    /// How many commands are in hand.
    pub fn handling_count(&self) -> u64 {
        self.handlings.len() as u64
    }

    /// The commands in hand, each with its stage.
    pub fn handlings(&self) -> impl Iterator<Item = (CommandId, Command, HandlingStage)> {
        self.handlings.values().map(|h| (h.id, h.command, h.stage))
    }

    /// The events between decision and publication.
    pub(super) fn events_in_hand(&self) -> impl Iterator<Item = EventId> {
        let between = |h: &&Handling| !matches!(h.stage, HandlingStage::Loading | HandlingStage::Answering { .. });
        self.handlings.values().filter(between).filter_map(|h| h.event)
    }

    /// What was answered so far.
    pub fn counters(&self) -> ApiCounters {
        self.counters
    }

    /// A command arrives.
    pub(super) fn request(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        (client, id, attempt, command): (ClientIndex, CommandId, u32, Command),
        out: &mut Vec<Effect>,
    ) {
        if !self.up {
            let message = Message::CommandReply { client, id, attempt, reply: Reply::Disconnected };
            return hop(out, Link::ClientApi, Direction::Response, message);
        }
        out.push(Effect::Fact(Fact::of(id, FactKind::CommandReceived { attempt })));
        // The key is in use: another attempt beside the first could be refused while that one is still carried out. It waits
        // for what becomes of the first.
        let in_hand = self.handlings.values_mut().find(|entry| entry.id == id).filter(|_| config.api.idempotency_key);
        if let Some(entry) = in_hand {
            entry.attempt = entry.attempt.max(attempt);
            return;
        }
        let handling = self.next_handling;
        self.next_handling += 1;
        let stage = HandlingStage::Loading;
        let entry = Handling { client, id, attempt, command, stage, step: 0, conflict_count: 0, event: None, state: None };
        self.handlings.insert(handling, entry);
        if self.handlings.len() > HANDLING_COUNT_MAX {
            return self.unavailable(handling, DbError::Timeout, out);
        }
        self.load(now, config, handling, out);
    }

    fn load(&mut self, now: SimTime, config: &BankConfig, handling: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        entry.stage = HandlingStage::Loading;
        let message = Message::Load { handling, id: entry.id, accounts: entry.command.accounts() };
        hop(out, Link::ApiWriteDb, Direction::Request, message);
        entry.wait(now, config, handling, out);
    }

    /// The accounts came: decides.
    pub(super) fn on_loaded(
        &mut self,
        config: &BankConfig,
        book: &mut EventBook,
        handling: u32,
        answer: Result<Loaded, DbError>,
        out: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.in_stage(handling, HandlingStage::Loading) else { return };
        entry.step += 1;
        let loaded = match answer {
            Ok(loaded) => loaded,
            Err(error) => return self.unavailable(handling, error, out),
        };
        if config.api.idempotency_key
            && let Some(event) = loaded.done
        {
            return self.known(handling, event, out);
        }
        let account = |id| loaded.accounts.iter().find(|(account, _)| *account == id).map(|(_, state)| *state);
        match decide(&entry.command, account) {
            Ok(decision) => {
                entry.event = Some(book.draft(entry.client, entry.id, decision));
                entry.state = (config.client.remedy == Remedy::ReturnState)
                    .then(|| (decision.first.account, apply(account(decision.first.account), decision.first)));
                entry.stage = HandlingStage::Decided;
                let command = Some(entry.id);
                out.push(Effect::Moment(Moment { kind: MomentKind::ApiDecidedNotCommitted, subject: handling, command }));
            }
            Err(reason) => {
                out.push(Effect::Fact(Fact::of(entry.id, FactKind::CommandRejected { reason })));
                self.counters.rejected_count += 1;
                self.done(handling, Reply::Rejected { reason }, out);
            }
        }
    }

    /// Nothing struck after the decision: to the log first, or to the database.
    pub(super) fn pass_decided(&mut self, now: SimTime, config: &BankConfig, handling: u32, out: &mut Vec<Effect>) -> Ask {
        let Some(entry) = self.in_stage(handling, HandlingStage::Decided) else { return Ask::Nothing };
        let event = entry.event.expect("a decided handling has its event");
        if config.api.publication == Publication::InsideTransaction {
            entry.stage = HandlingStage::Publishing;
            return Ask::PublishInside { handling, event };
        }
        let plan = config.api.in_process;
        if config.api.publication == Publication::InProcess && plan.called == Called::BeforeCommit {
            let subject = (entry.id, event);
            if !plan.on_other_thread {
                entry.stage = HandlingStage::Listening { committed: false };
                self.listeners.call(handling, subject, out);
                return Ask::Nothing;
            }
            self.listeners.submit(subject.0, event, out);
        }
        self.commit(now, config, handling, out);
        Ask::Nothing
    }

    /// Calls the listeners that are called after the commit; true if the handling waits for them.
    pub(super) fn listen_after_commit(&mut self, config: &BankConfig, handling: u32, out: &mut Vec<Effect>) -> bool {
        if config.api.publication != Publication::InProcess {
            return false;
        }
        let plan = config.api.in_process;
        let Some(entry) = self.in_stage(handling, HandlingStage::Stored) else { return false };
        let (id, event) = (entry.id, entry.event.expect("a decided handling has its event"));
        match plan.called {
            Called::BeforeCommit => {}
            Called::Never => out.push(Effect::Fact(Fact::of(id, FactKind::EventDiscarded { event }))),
            Called::AfterCommit if plan.on_other_thread => self.listeners.submit(id, event, out),
            Called::AfterCommit => {
                entry.stage = HandlingStage::Listening { committed: true };
                self.listeners.call(handling, (id, event), out);
                return true;
            }
        }
        false
    }

    /// A listener in this process returned or threw.
    pub(super) fn on_listened(&mut self, config: &BankConfig, number: u32, result: Result<(), &'static str>, out: &mut Vec<Effect>) {
        let done = self.listeners.done(number, result, config.api.in_process.reaches_caller, out);
        let Some((handling, ok)) = done else { return };
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        let HandlingStage::Listening { committed } = entry.stage else { return };
        if !ok {
            // 500: before the commit the exception has rolled everything back, after it what is stored stays (F7).
            self.counters.unavailable_count += 1;
            return self.done(handling, Reply::Unavailable, out);
        }
        if committed {
            entry.stage = HandlingStage::Stored;
            return self.stored(handling, out);
        }
        let kind = MomentKind::ApiPublishedNotCommitted;
        out.push(Effect::Moment(Moment { kind, subject: handling, command: Some(entry.id) }));
    }

    /// The transaction was rolled back: listeners of AFTER_ROLLBACK and AFTER_COMPLETION are called.
    fn listen_after_rollback(&mut self, config: &BankConfig, id: CommandId, event: Option<EventId>, out: &mut Vec<Effect>) {
        if let Some(event) = event.filter(|_| config.api.publication == Publication::InProcess && config.api.in_process.after_rollback) {
            self.listeners.submit(id, event, out);
        }
    }

    /// The log answered a publication inside the transaction.
    pub(super) fn on_published(&mut self, handling: u32, ok: bool, out: &mut Vec<Effect>) {
        let Some(entry) = self.in_stage(handling, HandlingStage::Publishing) else { return };
        let (id, event) = (entry.id, entry.event.expect("a decided handling has its event"));
        if ok {
            let kind = MomentKind::ApiPublishedNotCommitted;
            return out.push(Effect::Moment(Moment { kind, subject: handling, command: Some(id) }));
        }
        out.push(Effect::Fact(Fact::of(id, FactKind::CommandUnpublished { event })));
        self.counters.unavailable_count += 1;
        self.done(handling, Reply::Unavailable, out);
    }

    /// Commits what was decided (and, inside the transaction, published).
    pub(super) fn commit(&mut self, now: SimTime, config: &BankConfig, handling: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        let listened = HandlingStage::Listening { committed: false };
        if !matches!(entry.stage, HandlingStage::Decided | HandlingStage::Publishing) && entry.stage != listened {
            return;
        }
        entry.stage = HandlingStage::Committing;
        let event = entry.event.expect("a decided handling has its event");
        let carrier = config.api.publication.carrier();
        hop(out, Link::ApiWriteDb, Direction::Request, Message::Commit { handling, id: entry.id, event, carrier });
        entry.wait(now, config, handling, out);
    }

    /// The transaction ended.
    pub(super) fn on_committed(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        handling: u32,
        answer: Result<Committed, DbError>,
        out: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.in_stage(handling, HandlingStage::Committing) else { return };
        entry.step += 1;
        let (id, decided) = (entry.id, entry.event);
        match answer {
            Ok(Committed::Stored) => {
                entry.stage = HandlingStage::Stored;
                let command = Some(entry.id);
                let event = entry.event.expect("a decided handling has its event");
                out.push(Effect::Fact(Fact::of(entry.id, FactKind::CommandAccepted { event })));
                out.push(Effect::Moment(Moment { kind: MomentKind::ApiCommittedNotPublished, subject: handling, command }));
            }
            Ok(Committed::Duplicate { event }) => {
                self.listen_after_rollback(config, id, decided, out);
                self.known(handling, event, out);
            }
            Ok(Committed::Conflict) => {
                entry.conflict_count += 1;
                let last = entry.conflict_count > config.api.conflict_retries_max;
                let kind = FactKind::CommandConflicted { attempt: entry.conflict_count, last };
                out.push(Effect::Fact(Fact::of(id, kind)));
                self.listen_after_rollback(config, id, decided, out);
                if last {
                    self.counters.conflicted_count += 1;
                    self.done(handling, Reply::Conflicted, out);
                } else {
                    self.load(now, config, handling, out);
                }
            }
            Err(error) => {
                if error == DbError::RolledBack {
                    self.listen_after_rollback(config, id, decided, out);
                }
                self.unavailable(handling, error, out);
            }
        }
    }

    /// Nothing struck after the commit: publishes if that is still to be done. [`Api::stored`] follows.
    pub(super) fn pass_committed(&mut self, config: &BankConfig, handling: u32) -> Ask {
        let Some(entry) = self.in_stage(handling, HandlingStage::Stored) else { return Ask::Nothing };
        let event = entry.event.expect("a decided handling has its event");
        match config.api.publication {
            Publication::AfterCommit => Ask::PublishAfter { event },
            Publication::Outbox
            | Publication::InsideTransaction
            | Publication::OutboxCdc
            | Publication::EventStore
            | Publication::InProcess => Ask::Nothing,
        }
    }

    /// Stored and, if it is the API that publishes, with the producer: ready to answer.
    pub(super) fn stored(&mut self, handling: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.in_stage(handling, HandlingStage::Stored) else { return };
        let event = entry.event.expect("a decided handling has its event");
        let state = entry.state;
        self.counters.accepted_count += 1;
        self.done(handling, Reply::Accepted { event, state }, out);
    }

    /// Nothing struck before the answer: answers.
    pub(super) fn pass_done(&mut self, handling: u32, out: &mut Vec<Effect>) {
        let Some(Handling { stage: HandlingStage::Answering { reply }, .. }) = self.handlings.get(&handling) else { return };
        let reply = *reply;
        let entry = self.handlings.remove(&handling).expect("just found");
        let message = Message::CommandReply { client: entry.client, id: entry.id, attempt: entry.attempt, reply };
        hop(out, Link::ClientApi, Direction::Response, message);
    }

    /// The database did not answer in time.
    pub(super) fn on_db_timeout(&mut self, handling: u32, step: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get(&handling) else { return };
        if entry.step == step && matches!(entry.stage, HandlingStage::Loading | HandlingStage::Committing) {
            self.unavailable(handling, DbError::Timeout, out);
        }
    }

    /// The idempotency key stands for an event already: the same answer again.
    fn known(&mut self, handling: u32, event: EventId, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        out.push(Effect::Fact(Fact::of(entry.id, FactKind::CommandDuplicate { event })));
        self.counters.duplicate_count += 1;
        self.done(handling, Reply::Accepted { event, state: None }, out);
    }

    /// A query for the write side (F9), or what the database answers to it.
    pub(super) fn pass_on(&self, message: Message, out: &mut Vec<Effect>) {
        match message {
            Message::QueryRequest { client, query, account, .. } if self.up => {
                hop(out, Link::ApiWriteDb, Direction::Request, Message::Read { client, query, account, copy: 0 });
            }
            Message::QueryRequest { client, query, account, .. } => {
                let answer = Err(DbError::Down);
                hop(out, Link::ClientApi, Direction::Response, Message::QueryReply { client, query, account, answer });
            }
            Message::ReadAnswer { client, query, account, answer } if self.up => {
                hop(out, Link::ClientApi, Direction::Response, Message::QueryReply { client, query, account, answer });
            }
            _ => {}
        }
    }

    fn unavailable(&mut self, handling: u32, error: DbError, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        out.push(Effect::Fact(Fact::of(entry.id, FactKind::CommandUnavailable { error })));
        self.counters.unavailable_count += 1;
        self.done(handling, Reply::Unavailable, out);
    }

    fn done(&mut self, handling: u32, reply: Reply, out: &mut Vec<Effect>) {
        let Some(entry) = self.handlings.get_mut(&handling) else { return };
        entry.stage = HandlingStage::Answering { reply };
        let command = Some(entry.id);
        out.push(Effect::Moment(Moment { kind: MomentKind::ApiDoneNotAnswered, subject: handling, command }));
    }

    fn in_stage(&mut self, handling: u32, stage: HandlingStage) -> Option<&mut Handling> {
        self.handlings.get_mut(&handling).filter(|entry| entry.stage == stage)
    }

    /// The process dies with all it had in hand; connections break.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) {
        self.up = false;
        for entry in std::mem::take(&mut self.handlings).into_values() {
            let Handling { client, id, attempt, .. } = entry;
            let message = Message::CommandReply { client, id, attempt, reply: Reply::Disconnected };
            hop(out, Link::ClientApi, Direction::Response, message);
        }
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }
}

impl Handling {
    /// Sets the timer of the database call that was just made.
    fn wait(&mut self, now: SimTime, config: &BankConfig, handling: u32, out: &mut Vec<Effect>) {
        self.step += 1;
        let timer = Timer::ApiDbTimeout { handling, step: self.step };
        out.push(Effect::Timer { at: now + config.api.db_timeout_us, timer });
    }
}
