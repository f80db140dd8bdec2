//! A container with its Kafka consumer: calls go down, events come up, in order.

use std::sync::Arc;

use super::{ConsumerCall, ContainerEffect, ContainerTimer, ListenerConsumer, Output};
use crate::broker::{ClientId, CommittedOffset, KafkaException, Metadata, Response, TopicId, TopicPartition, us};
use crate::kernel::{Scratch, SimTime};
use crate::listener::consumer::{Consumer, ConsumerConfig, ConsumerEffect, ConsumerTimer, Event, OffsetReset};
use crate::listener::{ContainerProperties, Decision, Exception, Listener, Offsets};

/// One `KafkaMessageListenerContainer`: a consumer thread and its `KafkaConsumer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Container {
    thread: ListenerConsumer,
    consumer: Consumer,
    /// Positions being asked for at an assignment (D17), one after the other.
    initial: Option<InitialPositions>,
    effects: Scratch<ConsumerEffect>,
    outputs: Scratch<Output>,
    work: Scratch<Work>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct InitialPositions {
    token: u64,
    waiting: Vec<TopicPartition>,
    found: Offsets,
}

/// What is still to be carried out.
#[derive(Debug)]
enum Work {
    Output(Output),
    Effect(ConsumerEffect),
}

/// What leaves a container, collected.
type Out<'a> = &'a mut Vec<ContainerEffect>;

impl Container {
    /// A container that was not started. `enable.auto.commit` comes from the container's properties; whether the initial
    /// position is committed, and how long it may stay away from `poll`, from the consumer's.
    pub fn new(client: ClientId, properties: ContainerProperties, config: ConsumerConfig) -> Container {
        let (mut properties, mut config) = (properties, config);
        config.enable_auto_commit = properties.auto_commit;
        config.group_id = properties.group.to_string();
        properties.max_poll_interval_us = us(config.max_poll_interval_ms);
        properties.commit_at_assignment = config.auto_offset_reset == OffsetReset::Latest;
        let consumer = Consumer::new(client, properties.name.clone(), config);
        let thread = ListenerConsumer::new(properties);
        let (effects, outputs, work) = (Scratch::default(), Scratch::default(), Scratch::default());
        Container { thread, consumer, initial: None, effects, outputs, work }
    }

    /// The thread.
    pub fn thread(&self) -> &ListenerConsumer {
        &self.thread
    }

    /// The consumer.
    pub fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    /// The consumer's network id.
    pub fn client(&self) -> ClientId {
        self.consumer.client()
    }

    /// The settings.
    pub fn properties(&self) -> &ContainerProperties {
        self.thread.properties()
    }

    /// Changes settings of container and consumer that are read anew at every turn.
    pub fn reconfigure(&mut self, container: impl FnOnce(&mut ContainerProperties), consumer: impl FnOnce(&mut ConsumerConfig)) {
        self.thread.set_properties(container);
        self.consumer.reconfigure(consumer);
    }

    /// Topic names, if they are known before the client asks for metadata; needed before `start` with explicit partitions.
    pub fn learn_topics(&mut self, metadata: &Metadata) {
        self.thread.learn_topics(metadata);
    }

    /// `start()`.
    pub fn start(&mut self, now: SimTime, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.start(now, listener, outputs));
    }

    /// `stop()`: what is in hand is finished first.
    pub fn stop(&mut self, now: SimTime, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.stop(now, listener, outputs));
    }

    /// The same because another child of the same concurrent container ended abnormally.
    pub fn stop_with_siblings(&mut self, now: SimTime, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.stop_with_siblings(now, listener, outputs));
    }

    /// The process dies.
    pub fn kill(&mut self, now: SimTime, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, _, outputs| thread.kill(outputs));
    }

    /// `pause()`.
    pub fn pause(&mut self) {
        self.thread.pause();
    }

    /// `resume()`.
    pub fn resume(&mut self, now: SimTime, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, _, outputs| thread.resume(outputs));
    }

    /// `ConsumerSeekCallback.seek` within `onPartitionsAssigned`: reading begins at these offsets.
    pub fn seek(&mut self, now: SimTime, offsets: &[(TopicPartition, u64)], listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, _, outputs| thread.seek_assigned(offsets, outputs));
    }

    /// A viewer decided about the delivery in hand. Says whether one was asked for.
    pub fn decide(&mut self, now: SimTime, decision: Decision, listener: &mut Listener, out: Out<'_>) -> bool {
        self.with(now, listener, out, |thread, listener, outputs| thread.decide(now, decision, listener, outputs))
    }

    /// A kept Acknowledgment is acknowledged on another thread. Says whether there is one for this value.
    pub fn acknowledge_held(&mut self, now: SimTime, value: &str, listener: &mut Listener, out: Out<'_>) -> bool {
        self.with(now, listener, out, |thread, listener, outputs| thread.acknowledge_held(now, value, listener, outputs))
    }

    /// A latch was released at the listener.
    pub fn on_released(&mut self, now: SimTime, latch: &str, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.on_released(now, latch, listener, outputs));
    }

    /// A timer of the container is due.
    pub fn on_timer(&mut self, now: SimTime, timer: ContainerTimer, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.on_timer(now, timer, listener, outputs));
    }

    /// The application answered.
    pub fn on_application(&mut self, now: SimTime, token: u64, answer: Result<(), Exception>, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.on_application(now, token, answer, listener, outputs));
    }

    /// A send was answered.
    pub fn on_sent(&mut self, now: SimTime, token: u64, answer: Result<(), KafkaException>, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.on_sent(now, token, answer, listener, outputs));
    }

    /// The transactional producer answered.
    pub fn on_transaction(&mut self, now: SimTime, token: u64, answer: Result<(), KafkaException>, listener: &mut Listener, out: Out<'_>) {
        self.with(now, listener, out, |thread, listener, outputs| thread.on_transaction(now, token, answer, listener, outputs));
    }

    /// A response for the consumer arrived.
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, listener: &mut Listener, out: Out<'_>) {
        if let Response::Metadata(metadata) = &response {
            self.thread.learn_topics(metadata);
        }
        let mut effects = self.effects.take();
        self.consumer.on_response(now, correlation, response, &mut effects);
        self.caused(now, effects, listener, out);
    }

    /// A timer of the consumer is due.
    pub fn on_consumer_timer(&mut self, now: SimTime, timer: ConsumerTimer, listener: &mut Listener, out: Out<'_>) {
        let mut effects = self.effects.take();
        self.consumer.on_timer(now, timer, &mut effects);
        self.caused(now, effects, listener, out);
    }

    fn with<T>(
        &mut self,
        now: SimTime,
        listener: &mut Listener,
        out: Out<'_>,
        act: impl FnOnce(&mut ListenerConsumer, &mut Listener, &mut Vec<Output>) -> T,
    ) -> T {
        let mut outputs = self.outputs.take();
        let answer = act(&mut self.thread, listener, &mut outputs);
        let mut work = self.work.take();
        work.extend(outputs.drain(..).rev().map(Work::Output));
        self.outputs.give(outputs);
        self.settle(now, work, listener, out);
        answer
    }

    /// What the consumer causes goes out as it is, up to the first event: from there on the thread has its say.
    fn caused(&mut self, now: SimTime, mut effects: Vec<ConsumerEffect>, listener: &mut Listener, out: Out<'_>) {
        let event = effects.iter().position(|effect| matches!(effect, ConsumerEffect::Event(_)));
        let mut work = self.work.take();
        work.extend(effects.drain(event.unwrap_or(effects.len())..).rev().map(Work::Effect));
        out.extend(effects.drain(..).map(ContainerEffect::Consumer));
        self.effects.give(effects);
        self.settle(now, work, listener, out);
    }

    /// Carries everything out, an answer that comes at once before what was asked later, as on one thread. A loop, not a
    /// recursion: a consumer with many records in its buffer answers many polls at one instant. What is first stands last.
    fn settle(&mut self, now: SimTime, mut work: Vec<Work>, listener: &mut Listener, out: Out<'_>) {
        while let Some(next) = work.pop() {
            match next {
                Work::Output(Output::Effect(effect)) => out.push(effect),
                Work::Output(Output::Call(call)) => {
                    let mut effects = self.effects.take();
                    self.perform(now, call, &mut effects);
                    work.extend(effects.drain(..).rev().map(Work::Effect));
                    self.effects.give(effects);
                }
                Work::Effect(ConsumerEffect::Event(event)) => {
                    let mut outputs = self.outputs.take();
                    if let Some(effects) = self.happened(now, event, listener, &mut outputs) {
                        work.extend(effects.into_iter().rev().map(Work::Effect));
                    }
                    work.extend(outputs.drain(..).rev().map(Work::Output));
                    self.outputs.give(outputs);
                }
                Work::Effect(effect) => out.push(ContainerEffect::Consumer(effect)),
            }
        }
        self.work.give(work);
    }

    /// An event of the consumer reaches the thread; gives what the consumer wants next, if it was asked something.
    fn happened(&mut self, now: SimTime, event: Event, listener: &mut Listener, outputs: &mut Vec<Output>) -> Option<Vec<ConsumerEffect>> {
        match event {
            Event::Polled(answer) => self.thread.on_polled(now, answer, listener, outputs),
            Event::Revoked(partitions) => self.thread.on_revoked(now, partitions, listener, outputs),
            Event::Assigned(partitions) => self.thread.on_assigned(now, partitions, listener, outputs),
            Event::Lost(partitions) => self.thread.on_lost(now, partitions, listener, outputs),
            Event::Committed { token, result } => self.thread.on_committed(now, token, result, listener, outputs),
            Event::Closed => self.thread.on_closed(now, listener, outputs),
            Event::Position { result, .. } => return self.position_found(now, result, listener, outputs),
        }
        None
    }

    fn perform(&mut self, now: SimTime, call: ConsumerCall, effects: &mut Vec<ConsumerEffect>) {
        let committed = |offsets: Offsets| {
            let with_epoch = |(partition, offset)| (partition, CommittedOffset { offset, leader_epoch: None });
            Some(offsets.into_iter().map(with_epoch).collect())
        };
        match call {
            ConsumerCall::Subscribe(topics) => self.consumer.subscribe(now, topics, effects),
            ConsumerCall::Assign(partitions) => {
                let partitions: Vec<TopicPartition> = partitions.iter().filter_map(|place| self.resolve(place)).collect();
                self.consumer.assign(now, &partitions, effects);
                self.thread.assigned_explicitly(&partitions);
            }
            ConsumerCall::Poll { timeout_us } => self.consumer.poll(now, timeout_us, effects),
            ConsumerCall::CommitSync { token, offsets } => self.consumer.commit_sync(now, committed(offsets), token, effects),
            ConsumerCall::CommitAsync { token, offsets } => self.consumer.commit_async(now, committed(offsets), token, effects),
            ConsumerCall::Seek { partition, offset } => self.consumer.seek(now, partition, offset, effects),
            ConsumerCall::Pause(partitions) => self.consumer.pause(&partitions),
            ConsumerCall::Resume(partitions) => self.consumer.resume(now, &partitions, effects),
            ConsumerCall::Wakeup => self.consumer.wakeup(now, effects),
            ConsumerCall::InitialPositions { token, partitions } => {
                self.initial = Some(InitialPositions { token, waiting: partitions, found: Offsets::new() });
                self.ask_for_position(now, effects);
            }
            ConsumerCall::CallbackDone => self.consumer.callback_done(now, effects),
            ConsumerCall::Close { unsubscribes: true } => self.consumer.unsubscribe_and_close(now, effects),
            ConsumerCall::Close { unsubscribes: false } => self.consumer.close(now, true, effects),
            ConsumerCall::Kill => self.consumer.kill(),
        }
    }

    fn resolve(&self, (topic, partition): &(Arc<str>, u32)) -> Option<TopicPartition> {
        let topic: TopicId = self.thread.topic_id(topic)?;
        Some(TopicPartition { topic, partition: *partition })
    }

    fn ask_for_position(&mut self, now: SimTime, effects: &mut Vec<ConsumerEffect>) {
        if let Some(InitialPositions { token, waiting, .. }) = &self.initial
            && let Some(next) = waiting.last()
        {
            self.consumer.fetch_position(now, *next, *token, effects);
        }
    }

    /// One position is known: it counts if nothing was committed there. Then the next, or the thread goes on.
    fn position_found(
        &mut self,
        now: SimTime,
        answer: Result<(u64, bool), KafkaException>,
        listener: &mut Listener,
        outputs: &mut Vec<Output>,
    ) -> Option<Vec<ConsumerEffect>> {
        let initial = self.initial.as_mut()?;
        let partition = initial.waiting.pop()?;
        if let Ok((offset, false)) = answer {
            initial.found.insert(partition, offset);
        }
        if initial.waiting.is_empty() {
            let InitialPositions { token, found, .. } = self.initial.take().expect("looked at just now");
            self.thread.on_initial_positions(now, token, found, listener, outputs);
            return None;
        }
        let mut effects = Vec::new();
        self.ask_for_position(now, &mut effects);
        Some(effects)
    }
}
