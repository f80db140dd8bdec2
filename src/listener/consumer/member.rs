//! A plain application around a consumer, without a container: it polls without pause or when it is told. Has one thread,
//! like every application of a `KafkaConsumer`: an order waits until the poll under way has returned.

use super::{Consumer, ConsumerEffect, ConsumerTimer, Event};
use crate::broker::{CommittedOffset, KafkaException, Response, TopicPartition};
use crate::kernel::{Deque, SimTime, SortedMap, SortedSet};
use crate::listener::ConsumerRecord;

/// How long one background poll waits, in microseconds.
const BACKGROUND_POLL_US: u64 = 50_000;
/// How long one ordered poll waits at most, in microseconds.
const ORDERED_POLL_US: u64 = 100_000;
/// How long nothing must have come for a drain to end, in microseconds.
const QUIET_US: u64 = 1_200_000;
/// The token of the commit inside `onPartitionsRevoked`.
const ON_REVOKE: u64 = u64::MAX;

/// What the application is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Order {
    /// Poll until records come or `for_us` have passed; 0 is one `poll(0)`.
    Poll {
        /// How long, in microseconds.
        for_us: u64,
    },
    /// Poll until it has an assignment and nothing has come for a while.
    Drain,
    /// `commitSync` of the positions or of these offsets.
    Commit(Option<SortedMap<TopicPartition, CommittedOffset>>),
    /// The positions of everything assigned.
    Positions,
    /// `seek`.
    Seek(TopicPartition, u64),
    /// `seekToBeginning`.
    SeekToBeginning(TopicPartition),
    /// `seekToEnd`.
    SeekToEnd(TopicPartition),
    /// `close`.
    Close,
    /// Nothing: the answer says that the poll under way has returned.
    Nothing,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Done.
    Done,
    /// Polled or drained.
    Records(Vec<ConsumerRecord>),
    /// The positions.
    Positions(SortedMap<TopicPartition, u64>),
    /// It threw.
    Threw(KafkaException),
}

/// What the application's rebalance listener saw, and what stopped its polling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Seen {
    /// `onPartitionsAssigned`.
    Assigned(Vec<TopicPartition>),
    /// `onPartitionsRevoked`.
    Revoked(Vec<TopicPartition>),
    /// `onPartitionsLost`.
    Lost(Vec<TopicPartition>),
    /// Background `poll` threw; it polls no more.
    Threw(KafkaException),
}

/// An order under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    Polling { until: SimTime, timeout_us: u64 },
    Draining { quiet_since: SimTime, records: Vec<ConsumerRecord> },
    Waiting,
    Locating { left: Deque<TopicPartition>, found: SortedMap<TopicPartition, u64> },
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RawMember {
    /// Its consumer.
    pub consumer: Consumer,
    polling: bool,
    commit_on_revoke: bool,
    /// A background poll is under way.
    in_poll: bool,
    orders: Deque<Order>,
    doing: Option<Doing>,
    answer: Option<Answer>,
    received: Vec<ConsumerRecord>,
    seen: Vec<Seen>,
    assigned: SortedSet<TopicPartition>,
    generation: Option<u32>,
}

type Out = Vec<ConsumerEffect>;

impl RawMember {
    /// An application around a consumer that has subscribed or been assigned. `polling`: it polls without pause.
    pub fn new(consumer: Consumer, polling: bool, commit_on_revoke: bool) -> RawMember {
        RawMember {
            consumer,
            polling,
            commit_on_revoke,
            in_poll: false,
            orders: Deque::new(),
            doing: None,
            answer: None,
            received: Vec::new(),
            seen: Vec::new(),
            assigned: SortedSet::new(),
            generation: None,
        }
    }

    /// Begins, or goes on polling after [`stall`](Self::stall).
    pub fn resume(&mut self, now: SimTime, polling: bool, out: &mut Out) {
        self.polling = polling;
        self.next(now, out);
    }

    /// Stops calling `poll` when the one under way has returned.
    pub fn stall(&mut self) {
        self.polling = false;
    }

    /// Whether it polls without pause.
    pub fn is_polling(&self) -> bool {
        self.polling
    }

    /// Whether it is closed or dead.
    pub fn is_gone(&self) -> bool {
        self.consumer.is_dead()
    }

    /// Tells the application what to do next; [`answer`](Self::answer) has the outcome.
    pub fn order(&mut self, now: SimTime, order: Order, out: &mut Out) {
        self.orders.push_back(order);
        self.next(now, out);
    }

    /// The outcome of an order, once.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// `wakeup()`, from another thread.
    pub fn wakeup(&mut self, now: SimTime, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.wakeup(now, out));
    }

    /// The process dies.
    pub fn crash(&mut self) {
        self.consumer.kill();
        self.polling = false;
        self.assigned.clear();
        self.seen.clear();
    }

    /// The records received by background polls and not [taken](Self::take).
    pub fn received(&self) -> &[ConsumerRecord] {
        &self.received
    }

    /// What was seen and not [taken](Self::take_seen).
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// The records received by background polls since the last call.
    pub fn take(&mut self) -> Vec<ConsumerRecord> {
        std::mem::take(&mut self.received)
    }

    /// What was seen since the last call.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// The assignment as the callbacks told it.
    pub fn assigned(&self) -> &SortedSet<TopicPartition> {
        &self.assigned
    }

    /// The generation at the last callback.
    pub fn generation(&self) -> Option<u32> {
        self.generation
    }

    /// An answer for the consumer arrives.
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.on_response(now, correlation, response, out));
    }

    /// The consumer's timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: ConsumerTimer, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.on_timer(now, timer, out));
    }

    /// Lets the consumer act and handles what it gives the application, until there is nothing more.
    fn through(&mut self, now: SimTime, out: &mut Out, act: impl FnOnce(&mut Consumer, &mut Out)) {
        let mut effects = Vec::new();
        act(&mut self.consumer, &mut effects);
        for effect in effects {
            match effect {
                ConsumerEffect::Event(event) => self.on_event(now, event, out),
                other => out.push(other),
            }
        }
    }

    /// Begins what is to be done next, if the thread is free.
    fn next(&mut self, now: SimTime, out: &mut Out) {
        if self.in_poll || self.doing.is_some() || self.is_gone() {
            return;
        }
        match self.orders.pop_front() {
            Some(order) => self.begin(now, order, out),
            None if self.polling => {
                self.in_poll = true;
                self.through(now, out, |consumer, out| consumer.poll(now, BACKGROUND_POLL_US, out));
            }
            None => {}
        }
    }

    fn begin(&mut self, now: SimTime, order: Order, out: &mut Out) {
        match order {
            Order::Poll { for_us } => {
                let timeout_us = for_us.min(ORDERED_POLL_US);
                self.doing = Some(Doing::Polling { until: now + for_us, timeout_us });
                self.through(now, out, |consumer, out| consumer.poll(now, timeout_us, out));
            }
            Order::Drain => {
                self.doing = Some(Doing::Draining { quiet_since: now, records: Vec::new() });
                self.through(now, out, |consumer, out| consumer.poll(now, ORDERED_POLL_US, out));
            }
            Order::Commit(offsets) => {
                self.doing = Some(Doing::Waiting);
                self.through(now, out, |consumer, out| consumer.commit_sync(now, offsets, 0, out));
            }
            Order::Positions => {
                let left = self.consumer.assignment().into();
                self.locate(now, left, SortedMap::new(), out);
            }
            Order::Close => {
                self.doing = Some(Doing::Waiting);
                self.polling = false;
                self.through(now, out, |consumer, out| consumer.close(now, true, out));
            }
            Order::Seek(partition, _) | Order::SeekToBeginning(partition) | Order::SeekToEnd(partition)
                if !self.consumer.is_assigned(partition) =>
            {
                self.finish(now, Answer::Threw(KafkaException::new("IllegalStateException")), out);
            }
            Order::Seek(partition, offset) => self.at_once(now, out, |consumer, out| consumer.seek(now, partition, offset, out)),
            Order::SeekToBeginning(p) => self.at_once(now, out, |consumer, out| consumer.seek_to_beginning(now, &[p], out)),
            Order::SeekToEnd(p) => self.at_once(now, out, |consumer, out| consumer.seek_to_end(now, &[p], out)),
            Order::Nothing => self.at_once(now, out, |_, _| {}),
        }
    }

    fn at_once(&mut self, now: SimTime, out: &mut Out, act: impl FnOnce(&mut Consumer, &mut Out)) {
        self.through(now, out, act);
        self.finish(now, Answer::Done, out);
    }

    fn finish(&mut self, now: SimTime, answer: Answer, out: &mut Out) {
        self.doing = None;
        self.answer = Some(answer);
        self.next(now, out);
    }

    fn locate(&mut self, now: SimTime, left: Deque<TopicPartition>, found: SortedMap<TopicPartition, u64>, out: &mut Out) {
        match left.front().copied() {
            None => self.finish(now, Answer::Positions(found), out),
            Some(partition) => {
                self.doing = Some(Doing::Locating { left, found });
                self.through(now, out, |consumer, out| consumer.fetch_position(now, partition, 0, out));
            }
        }
    }

    fn on_event(&mut self, now: SimTime, event: Event, out: &mut Out) {
        match event {
            Event::Polled(result) => self.on_polled(now, result, out),
            Event::Revoked(partitions) => {
                self.assigned.retain(|p| !partitions.contains(p));
                let commits = self.commit_on_revoke && !partitions.is_empty();
                self.note(Seen::Revoked(partitions));
                if commits {
                    self.through(now, out, |consumer, out| consumer.commit_sync(now, None, ON_REVOKE, out));
                } else {
                    self.callback_done(now, out);
                }
            }
            Event::Lost(partitions) => {
                self.assigned.retain(|p| !partitions.contains(p));
                self.note(Seen::Lost(partitions));
                self.callback_done(now, out);
            }
            Event::Assigned(partitions) => {
                self.assigned.extend(&partitions);
                self.note(Seen::Assigned(partitions));
                self.callback_done(now, out);
            }
            Event::Committed { token: ON_REVOKE, .. } => self.callback_done(now, out),
            Event::Committed { result, .. } => self.finish(now, result.map_or_else(Answer::Threw, |()| Answer::Done), out),
            Event::Position { result, .. } => self.on_position(now, result, out),
            Event::Closed => {
                self.assigned.clear();
                self.finish(now, Answer::Done, out);
            }
        }
    }

    fn note(&mut self, seen: Seen) {
        self.generation = self.consumer.group_metadata().1;
        self.seen.push(seen);
    }

    fn callback_done(&mut self, now: SimTime, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.callback_done(now, out));
    }

    fn on_position(&mut self, now: SimTime, result: Result<(u64, bool), KafkaException>, out: &mut Out) {
        let Some(Doing::Locating { mut left, mut found }) = self.doing.take() else { return };
        match (left.pop_front(), result) {
            (Some(partition), Ok((offset, _))) => {
                found.insert(partition, offset);
                self.locate(now, left, found, out);
            }
            (_, Err(error)) => self.finish(now, Answer::Threw(error), out),
            (None, Ok(_)) => {}
        }
    }

    fn on_polled(&mut self, now: SimTime, result: Result<Vec<ConsumerRecord>, KafkaException>, out: &mut Out) {
        match (self.doing.take(), result) {
            (None, Ok(records)) => {
                self.in_poll = false;
                self.received.extend(records);
                self.next(now, out);
            }
            (None, Err(error)) => {
                self.in_poll = false;
                self.polling = false;
                self.seen.push(Seen::Threw(error));
                self.next(now, out);
            }
            (Some(_), Err(error)) => self.finish(now, Answer::Threw(error), out),
            (Some(Doing::Polling { until, timeout_us }), Ok(records)) if records.is_empty() && now < until => {
                self.doing = Some(Doing::Polling { until, timeout_us });
                self.through(now, out, |consumer, out| consumer.poll(now, timeout_us, out));
            }
            (Some(Doing::Draining { quiet_since, records: mut all }), Ok(records)) => {
                let quiet = records.is_empty() && !self.consumer.assignment().is_empty();
                let quiet_since = if quiet { quiet_since } else { now };
                all.extend(records);
                if now.since(quiet_since) >= QUIET_US {
                    return self.finish(now, Answer::Records(all), out);
                }
                self.doing = Some(Doing::Draining { quiet_since, records: all });
                self.through(now, out, |consumer, out| consumer.poll(now, ORDERED_POLL_US, out));
            }
            (Some(_), Ok(records)) => self.finish(now, Answer::Records(records), out),
        }
    }
}
