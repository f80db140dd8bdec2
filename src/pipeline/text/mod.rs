//! Facts as lines of fixed columns: step, time, command, actor, what, details. Readable by a person and by `diff`.

mod bank;
mod broker;
mod lab;
mod listener;
mod producer;
mod word;
mod work;

use std::fmt;

pub(super) use lab::{bytes_text, exception_text, records_text};
pub use word::Word;

use super::{Action, Fact, FactKind, Intervention};
use crate::broker::{TopicPartition, Topics};
use crate::fault::{FaultRule, Moment};

/// A fact as one line. Topics are called by name.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The fact.
    pub fact: &'a Fact,
    /// The names of the topics.
    pub topics: &'a Topics,
}

impl fmt::Display for Line<'_> {
    /// `    1042    12.000345  #57   consumer-1    committed                 transfer-events-0@57`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.fact.command.map_or_else(|| "-".to_owned(), |c| format!("#{c}"));
        let (what, details) = self.fact.kind.words(self.topics);
        let line = format!("{:>8} {:>13}  {command:<6} {:<13} {what:<24} {details}", self.fact.step, self.fact.at, self.fact.actor);
        f.write_str(line.trim_end())
    }
}

/// The word that says what happened, and the details.
pub(super) type Words = (Word, String);

impl FactKind {
    /// The word that says what happened, and the details.
    pub fn words(&self, topics: &Topics) -> (Word, String) {
        match self {
            FactKind::Broker(fact) => broker::broker_words(fact, topics),
            FactKind::Producer(fact) => producer::producer_words(fact, topics),
            FactKind::Consumer(fact) => listener::consumer_words(fact, topics),
            FactKind::Listener(fact) => listener::listener_words(fact, topics),
            FactKind::Bank(kind) => bank::bank_words(kind),
            FactKind::Work(fact) => work::work_words(fact, topics),
            FactKind::FaultLaid { id, rule } => (Word::FaultLaid, format!("f{} {}", id.0, RuleText(rule))),
            FactKind::FaultStruck { id, rule } => (Word::FaultStruck, format!("f{} {} on {}", id.0, rule.kind, rule.target)),
            FactKind::FaultEnded { id, rule } => (Word::FaultEnded, format!("f{} {} on {}", id.0, rule.kind, rule.target)),
            FactKind::Lost { link, to, what } => (Word::Lost, format!("{what} to {to} on {link}")),
            FactKind::Intervened(intervention) => intervention_words(intervention),
            FactKind::Application(lane, fact) => lab::application_words(*lane, fact),
            FactKind::Answered { op, answer } => lab::answer_words(*op, answer, topics),
            FactKind::Violation(violation) => (Word::Violation, violation.to_string()),
        }
    }
}

/// A rule in words: `link-slow on fetch, lasting, 500`.
struct RuleText<'a>(&'a FaultRule);

impl fmt::Display for RuleText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.0.kind, self.0.target)?;
        match self.0.moment {
            Moment::Immediate => f.write_str(" now")?,
            Moment::Lasting { until: None } => f.write_str(" lasting")?,
            Moment::Lasting { until: Some(until) } => write!(f, " until {until}")?,
            Moment::Armed { times } => write!(f, " armed {times}")?,
        }
        if self.0.kind.amount().is_some() { write!(f, " amount {}", self.0.amount) } else { Ok(()) }
    }
}

fn intervention_words(intervention: &Intervention) -> Words {
    match intervention {
        Intervention::Set { key, value } => (Word::Set, format!("{key}={value}")),
        Intervention::Inject(rule) => (Word::Inject, RuleText(rule).to_string()),
        Intervention::EndFault(id) => (Word::EndFault, format!("f{}", id.0)),
        Intervention::HealAll => (Word::HealAll, String::new()),
        Intervention::Act(action) => action_words(action),
        Intervention::SendCommand { client, command } => (Word::SendCommand, format!("client-{client} {command}")),
        Intervention::ByHand { consumer, on } => (Word::ByHand, format!("consumer-{consumer} {}", if *on { "on" } else { "off" })),
        Intervention::Lab(action) => lab::act_words(action),
        Intervention::Decide { consumer, decision } => (Word::Decide, format!("consumer-{consumer} {decision:?}")),
        Intervention::ShareByHand { consumer, on } => {
            (Word::ByHand, format!("share-consumer-{consumer} {}", if *on { "on" } else { "off" }))
        }
        Intervention::ShareDecide { consumer, decision } => (Word::Decide, format!("share-consumer-{consumer} {decision:?}")),
    }
}

fn action_words(action: &Action) -> Words {
    match *action {
        Action::Kill(node) => (Word::Kill, node.to_string()),
        Action::Stop(node) => (Word::Stop, node.to_string()),
        Action::Start(node) => (Word::Start, node.to_string()),
        Action::Pause(node) => (Word::Pause, node.to_string()),
        Action::Resume(node) => (Word::Resume, node.to_string()),
        Action::Scale { group, consumers } => (Word::Scale, format!("group-{group} to {consumers}")),
        Action::DeleteRecords { partition, before } => (Word::DeleteRecords, format!("P{partition} before {before}")),
        Action::ResetOffset { group, partition, to } => (Word::ResetOffset, format!("group-{group} P{partition} to {to}")),
        Action::ResetOffsets { group, to } => (Word::ResetOffset, format!("group-{group} {to:?}")),
        Action::ReplayDeadLetters { group } => (Word::ReplayDeadLetters, format!("group-{group}")),
        Action::AddPartitions { total } => (Word::AddPartitions, format!("to {total}")),
        Action::RebuildView { group } => (Word::RebuildView, format!("group-{group}")),
        Action::DropSnapshots => (Word::DropSnapshots, String::new()),
    }
}

/// A partition by the name of its topic: `transfer-events-0`.
pub(super) fn partition(topics: &Topics, partition: &TopicPartition) -> String {
    format!("{}-{}", topics.name(partition.topic), partition.partition)
}

/// Several partitions.
fn partitions<'a>(topics: &Topics, all: impl IntoIterator<Item = &'a TopicPartition>) -> String {
    all.into_iter().map(|p| partition(topics, p)).collect::<Vec<_>>().join(" ")
}

/// Partitions, each with an offset: `transfer-events-0@17`.
fn offsets(topics: &Topics, all: impl IntoIterator<Item = (TopicPartition, u64)>) -> String {
    all.into_iter().map(|(p, offset)| format!("{}@{offset}", partition(topics, &p))).collect::<Vec<_>>().join(" ")
}
