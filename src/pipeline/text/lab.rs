//! Facts of the workbench in words: what a script does, what came of it, what its application saw.

use super::{Word, Words, offsets, partition};
use crate::broker::{Bytes, KafkaException, Topics};
use crate::listener::application_events::{ApplicationFact as A, Lane};
use crate::listener::share::{CallbackCall, ShareRecord};
use crate::listener::{ConsumerRecord, ListensTo};
use crate::pipeline::lab::{LabAction as L, LabAnswer, LabClient, LabOffset, LabOrder, LabShareOrder, LabTransaction, Offsets, Settings};

/// How many characters of a key or value are shown.
const TEXT_MAX: usize = 40;

/// Bytes as text, shortened; `null` if there are none.
pub(in crate::pipeline) fn bytes_text(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "null".to_owned() };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => match text.chars().count() {
            long if long > TEXT_MAX => format!("{long} chars"),
            _ => text.to_owned(),
        },
        _ => bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}")),
    }
}

/// A record's place, key and value: `t-0@3 k=v`.
fn record_text(record: &ConsumerRecord, topics: &Topics) -> String {
    let text = |bytes: &Option<Bytes>| bytes_text(bytes.as_deref());
    let (at, record) = (partition(topics, &record.partition), &record.record);
    format!("{at}@{} {}={}", record.offset, text(&record.key), text(&record.value))
}

/// Records, separated by commas.
pub(in crate::pipeline) fn records_text(records: &[ConsumerRecord], topics: &Topics) -> String {
    if records.is_empty() {
        return "no records".to_owned();
    }
    records.iter().map(|record| record_text(record, topics)).collect::<Vec<_>>().join(", ")
}

/// Records of a share consumer with their delivery counts, separated by commas.
fn share_records_text(records: &[ShareRecord], topics: &Topics) -> String {
    let one = |r: &ShareRecord| {
        let plain = ConsumerRecord { partition: r.partition, record: std::sync::Arc::clone(&r.record) };
        format!("{} delivery {}", record_text(&plain, topics), r.delivery_count)
    };
    some(records.iter().map(one), "no records")
}

fn some(all: impl Iterator<Item = String>, none: &str) -> String {
    let all: Vec<String> = all.collect();
    if all.is_empty() { none.to_owned() } else { all.join(", ") }
}

/// An exception with its cause.
pub(in crate::pipeline) fn exception_text(exception: &KafkaException) -> String {
    match (exception.cause, exception.offset) {
        (_, Some(offset)) => format!("{} at {offset}", exception.class),
        (Some(cause), None) => format!("{}: {cause}", exception.class),
        (None, None) => exception.class.to_owned(),
    }
}

/// What came of an act.
pub(super) fn answer_words(op: u64, answer: &LabAnswer, topics: &Topics) -> Words {
    let text = match answer {
        LabAnswer::Done => "done".to_owned(),
        LabAnswer::Placed { partition: p, offset: Some(offset) } => format!("{}@{offset}", partition(topics, p)),
        LabAnswer::Placed { partition: p, offset: None } => format!("{}, offset unknown", partition(topics, p)),
        LabAnswer::Appended { first } => format!("first offset {first}"),
        LabAnswer::Records(records) => records_text(records, topics),
        LabAnswer::Positions(positions) => offsets(topics, positions.iter().map(|(p, offset)| (*p, *offset))),
        LabAnswer::Offset { offset: Some(offset), timestamp_ms } => format!("offset {offset}, timestamp {timestamp_ms}"),
        LabAnswer::Offset { offset: None, .. } => "no such offset".to_owned(),
        LabAnswer::LogStart(start) => format!("log start {start}"),
        LabAnswer::ShareRecords(records) => share_records_text(records, topics),
        LabAnswer::AckOutcome(outcome) => {
            let one = |(p, error): (&crate::broker::TopicPartition, &Option<KafkaException>)| {
                format!("{} {}", partition(topics, p), error.as_ref().map_or_else(|| "ok".to_owned(), exception_text))
            };
            some(outcome.iter().map(one), "nothing to commit")
        }
        LabAnswer::Callbacks(calls) => {
            let one = |call: &CallbackCall| {
                let error = call.error.as_ref().map_or_else(String::new, |e| format!(" {}", exception_text(e)));
                format!("{}@{:?}{error}", partition(topics, &call.partition), call.offsets)
            };
            some(calls.iter().map(one), "no call")
        }
        LabAnswer::Threw(exception) => exception_text(exception),
    };
    (Word::Answered, format!("act {op}: {text}"))
}

fn settings(all: &Settings) -> String {
    all.iter().fold(String::new(), |text, (name, value)| format!("{text} {name}={value}"))
}

fn given_offsets(all: &Offsets) -> String {
    all.iter().map(|(topic, partition, offset)| format!("{topic}-{partition}@{offset}")).collect::<Vec<_>>().join(" ")
}

/// What a script does.
pub(super) fn act_words(action: &L) -> Words {
    let text = match action {
        L::CreateTopic { name, partitions, replicas, settings: s, .. } => {
            let count = if replicas.is_empty() { *partitions as usize } else { replicas.len() };
            format!("create topic {name}, partitions {count}{}", settings(s))
        }
        L::AddPartitions { topic, total, .. } => format!("add partitions to {topic}: {total}"),
        L::AlterTopic { topic, settings: s, .. } => format!("alter topic {topic}{}", settings(s)),
        L::DeleteRecords { topic, partition, before, .. } => format!("delete records of {topic}-{partition} before {before}"),
        L::ListOffset { topic, partition, of, .. } => {
            let of = match of {
                LabOffset::Earliest => "earliest".to_owned(),
                LabOffset::Latest => "latest".to_owned(),
                LabOffset::MaxTimestamp => "max timestamp".to_owned(),
                LabOffset::Timestamp(ms) => format!("timestamp {ms}"),
            };
            format!("list offset of {topic}-{partition}: {of}")
        }
        L::Append { topic, partition, producer_id, epoch, sequence, values, .. } => {
            format!("append {} to {topic}-{partition}, producer {producer_id} epoch {epoch} sequence {sequence}", values.len())
        }
        L::AlterGroupOffsets { group, offsets, .. } => format!("reset offsets of {group}: {}", given_offsets(offsets)),
        L::DeleteGroupOffset { group, topic, partition, .. } => format!("delete offset of {group}: {topic}-{partition}"),
        L::OpenProducer { producer, settings: s, .. } => format!("producer {producer}{}", settings(s)),
        L::Send { producer, topic, partition, key, value, .. } => {
            let to = partition.map_or_else(|| topic.to_string(), |p| format!("{topic}-{p}"));
            format!("{producer} sends {}={} to {to}", bytes_text(key.as_deref()), bytes_text(value.as_deref()))
        }
        L::Transaction { producer, act, .. } => match act {
            LabTransaction::Init => format!("{producer} initTransactions"),
            LabTransaction::Begin => format!("{producer} beginTransaction"),
            LabTransaction::Commit => format!("{producer} commitTransaction"),
            LabTransaction::Abort => format!("{producer} abortTransaction"),
            LabTransaction::SendOffsets { member, offsets } => {
                format!("{producer} sendOffsetsToTransaction of {member}: {}", given_offsets(offsets))
            }
        },
        L::SeverProducers { severed: true } => "the producers of the containers lose the brokers".to_owned(),
        L::SeverProducers { severed: false } => "the producers of the containers reach the brokers again".to_owned(),
        L::OpenShare { .. }
        | L::ShareOrder { .. }
        | L::AlterGroup { .. }
        | L::AlterShareOffsets { .. }
        | L::DeleteShareOffsets { .. }
        | L::DeleteShareGroup { .. } => share_act(action),
        other => return (Word::Lab, consumer_act(other)),
    };
    (Word::Lab, text)
}

/// What a script does with share consumers and share groups.
fn share_act(action: &L) -> String {
    match action {
        L::OpenShare { member, topics, settings: s, .. } => format!("{member} subscribes to {}{}", topics.join(" "), settings(s)),
        L::ShareOrder { member, order, .. } => match order {
            LabShareOrder::Poll { .. } => format!("{member} poll"),
            LabShareOrder::Acknowledge { topic, partition, offsets, ack } => {
                format!("{member} acknowledge {topic}-{partition}@{offsets:?} {}", ack.name())
            }
            LabShareOrder::Commit => format!("{member} commitSync"),
            LabShareOrder::CommitAsync => format!("{member} commitAsync"),
            LabShareOrder::Close => format!("{member} close"),
            LabShareOrder::Callbacks => format!("{member} what the callback was given"),
        },
        L::AlterGroup { group, settings: s, .. } => format!("alter group {group}{}", settings(s)),
        L::AlterShareOffsets { group, offsets, .. } => format!("reset offsets of {group}: {}", given_offsets(offsets)),
        L::DeleteShareOffsets { group, topic, .. } => format!("delete offsets of {group}: {topic}"),
        L::DeleteShareGroup { group, .. } => format!("delete group {group}"),
        _ => String::new(),
    }
}

/// What a script does with consumers, containers and its application.
fn consumer_act(action: &L) -> String {
    match action {
        L::Subscribe { member, topics, settings: s, .. } => format!("{member} subscribes to {}{}", topics.join(" "), settings(s)),
        L::Assign { member, partitions, settings: s, .. } => {
            let all = partitions.iter().map(|(topic, number)| format!("{topic}-{number}")).collect::<Vec<_>>().join(" ");
            format!("{member} is assigned {all}{}", settings(s))
        }
        L::Order { member, order, .. } => match order {
            LabOrder::Poll { .. } => format!("{member} poll"),
            LabOrder::Drain => format!("{member} polls until nothing comes"),
            LabOrder::Commit { offsets: Some(offsets) } => format!("{member} commitSync {}", given_offsets(offsets)),
            LabOrder::Commit { offsets: None } => format!("{member} commitSync"),
            LabOrder::Positions => format!("{member} position"),
            LabOrder::Seek { topic, partition, to } => format!("{member} seek {topic}-{partition}@{to}"),
            LabOrder::SeekToBeginning { topic, partition } => format!("{member} seekToBeginning {topic}-{partition}"),
            LabOrder::SeekToEnd { topic, partition } => format!("{member} seekToEnd {topic}-{partition}"),
            LabOrder::Close => format!("{member} close"),
            LabOrder::Nothing => format!("{member} finishes its poll"),
        },
        L::Stall { member } => format!("{member} stops calling poll"),
        L::Resume { member } => format!("{member} polls again"),
        L::Wakeup { member } => format!("{member} wakeup"),
        L::Crash { member } => format!("{member} dies"),
        L::OpenListener { program } => format!("listener method with {} rules", program.rules.len()),
        L::StartContainer { properties, .. } => {
            let listens = match &properties.source {
                ListensTo::Topics(topics) => topics.join(" "),
                ListensTo::Partitions(all) => all.iter().map(|(topic, n)| format!("{topic}-{n}")).collect::<Vec<_>>().join(" "),
            };
            format!("start container {}, group {}, on {listens}", properties.name, properties.group)
        }
        L::StopContainer { name } => format!("stop container {name}"),
        L::PauseContainer { name } => format!("pause container {name}"),
        L::ResumeContainer { name } => format!("resume container {name}"),
        L::AcknowledgeKept { value } => format!("acknowledge {value} on another thread"),
        L::ReleaseLatch { latch } => format!("release {latch}"),
        L::Lose { client, api, response, times } => {
            let (LabClient::Producer(name) | LabClient::Member(name)) = client;
            let what = if *response { "responses to" } else { "requests" };
            format!("lose {times} {what} {api:?} of {name}")
        }
        L::KillCoordinator { of, .. } => format!("the coordinator of {of} dies"),
        L::OpenApplication { beans, .. } => {
            format!("start application with {}", beans.iter().map(|bean| &*bean.name).collect::<Vec<_>>().join(" "))
        }
        L::CallApplication { in_transaction, .. } => {
            format!("call the service {} a transaction", if *in_transaction { "in" } else { "without" })
        }
        _ => String::new(),
    }
}

/// What an application saw.
pub(super) fn application_words(lane: Lane, fact: &A) -> Words {
    let (word, text) = match fact {
        A::Listener(name, event, active) => {
            (Word::ListenerCalled, format!("{name} {event}{}", if *active { " in a transaction" } else { " without transaction" }))
        }
        A::Inserted(table, value) => (Word::RowInserted, format!("{table} {value}")),
        A::Counted(table, rows) => (Word::RowsCounted, format!("{table} {rows}")),
        A::PublishReturned(event) => (Word::PublishReturned, event.to_string()),
        A::PublishThrew(class) => (Word::PublishThrew, class.to_string()),
        A::ListenerDone(name) => (Word::ListenerDone, name.to_string()),
        A::AsyncUncaught(class) => (Word::AsyncUncaught, class.to_string()),
        A::CallerReturned => (Word::CallerReturned, String::new()),
        A::CallerThrew(class) => (Word::CallerThrew, class.to_string()),
        A::ContextFailed => (Word::ContextFailed, String::new()),
    };
    match lane {
        Lane::Caller => (word, text),
        Lane::Async => (word, format!("{text} on the executor's thread")),
    }
}
