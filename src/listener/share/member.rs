//! A plain application around a share consumer, for scripts: it does what it is told, one order after the other. Has one thread,
//! like every application of a `KafkaShareConsumer`.

use std::sync::Arc;

use super::{AckOutcome, ShareConsumer, ShareEffect, ShareEvent, ShareRecord};
use crate::broker::share::AckType;
use crate::broker::{KafkaException, Response, TopicPartition};
use crate::kernel::{Deque, SimTime};

/// How long one ordered poll waits at most, in microseconds.
const POLL_US: u64 = 100_000;

/// What the application is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ShareOrder {
    /// Poll until records come or `for_us` have passed; 0 is one `poll(0)`.
    Poll {
        /// How long, in microseconds.
        for_us: u64,
    },
    /// `acknowledge` each of these offsets.
    Acknowledge {
        /// The partition.
        partition: TopicPartition,
        /// The offsets.
        offsets: Vec<u64>,
        /// What is said of them.
        ack: AckType,
    },
    /// `commitSync`.
    Commit,
    /// `commitAsync`.
    CommitAsync,
    /// `close`.
    Close,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ShareAnswer {
    /// Done.
    Done,
    /// Polled.
    Records(Vec<ShareRecord>),
    /// `commitSync` returned.
    Committed(AckOutcome),
    /// It threw.
    Threw(KafkaException),
}

/// An order under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    Polling { until: SimTime, timeout_us: u64 },
    Waiting,
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareMember {
    /// Its consumer.
    pub consumer: ShareConsumer,
    orders: Deque<ShareOrder>,
    doing: Option<Doing>,
    answer: Option<ShareAnswer>,
}

type Out = Vec<ShareEffect>;

impl ShareMember {
    /// An application around a consumer that has subscribed.
    pub fn new(consumer: ShareConsumer) -> ShareMember {
        ShareMember { consumer, orders: Deque::new(), doing: None, answer: None }
    }

    /// Subscribes and calls `poll` once without waiting, which starts the joining.
    pub fn begin(&mut self, now: SimTime, topics: Vec<Arc<str>>, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.subscribe(now, topics, out));
        self.through(now, out, |consumer, out| consumer.poll(now, 0, out));
        self.answer = None;
    }

    /// Whether it is closed or dead.
    pub fn is_gone(&self) -> bool {
        self.consumer.is_dead()
    }

    /// Tells the application what to do next; [`answer`](Self::answer) has the outcome.
    pub fn order(&mut self, now: SimTime, order: ShareOrder, out: &mut Out) {
        self.orders.push_back(order);
        self.next(now, out);
    }

    /// The outcome of an order, once.
    pub fn answer(&mut self) -> Option<ShareAnswer> {
        self.answer.take()
    }

    /// The process dies.
    pub fn crash(&mut self) {
        self.consumer.kill();
    }

    /// A broker has answered.
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.on_response(now, correlation, response, out));
    }

    /// The consumer's timer fires.
    pub fn on_timer(&mut self, now: SimTime, out: &mut Out) {
        self.through(now, out, |consumer, out| consumer.on_timer(now, out));
    }

    /// Lets the consumer do something; what it has for the application stays here.
    fn through(&mut self, now: SimTime, out: &mut Out, act: impl FnOnce(&mut ShareConsumer, &mut Out)) {
        let mut effects = Out::new();
        act(&mut self.consumer, &mut effects);
        for effect in effects {
            match effect {
                ShareEffect::Event(event) => self.on_event(now, event, out),
                other => out.push(other),
            }
        }
    }

    fn next(&mut self, now: SimTime, out: &mut Out) {
        if self.doing.is_some() || self.answer.is_some() || self.is_gone() {
            return;
        }
        let Some(order) = self.orders.pop_front() else { return };
        match order {
            ShareOrder::Poll { for_us } => {
                let timeout_us = for_us.min(POLL_US);
                self.doing = Some(Doing::Polling { until: now + for_us, timeout_us });
                self.through(now, out, |consumer, out| consumer.poll(now, timeout_us, out));
            }
            ShareOrder::Acknowledge { partition, offsets, ack } => {
                let done = offsets.iter().try_for_each(|offset| self.consumer.acknowledge(partition, *offset, ack));
                self.answer = Some(done.map_or_else(ShareAnswer::Threw, |()| ShareAnswer::Done));
            }
            ShareOrder::Commit => {
                self.doing = Some(Doing::Waiting);
                self.through(now, out, |consumer, out| consumer.commit_sync(now, out));
            }
            ShareOrder::CommitAsync => {
                self.through(now, out, |consumer, out| consumer.commit_async(now, out));
                self.answer = Some(ShareAnswer::Done);
            }
            ShareOrder::Close => {
                self.doing = Some(Doing::Waiting);
                self.through(now, out, |consumer, out| consumer.close(now, out));
            }
        }
    }

    fn on_event(&mut self, now: SimTime, event: ShareEvent, out: &mut Out) {
        let doing = self.doing.take();
        self.answer = match (event, doing) {
            (ShareEvent::Polled(Ok(records)), Some(Doing::Polling { until, timeout_us })) if records.is_empty() && now < until => {
                self.doing = Some(Doing::Polling { until, timeout_us });
                return self.through(now, out, |consumer, out| consumer.poll(now, timeout_us, out));
            }
            (ShareEvent::Polled(Ok(records)), _) => Some(ShareAnswer::Records(records)),
            (ShareEvent::Polled(Err(error)), _) => Some(ShareAnswer::Threw(error)),
            (ShareEvent::Committed(outcome), _) => Some(ShareAnswer::Committed(outcome)),
            (ShareEvent::Closed, _) => Some(ShareAnswer::Done),
        };
        self.next(now, out);
    }
}
