//! The committed offset never passes an offset that was neither handled, dead-lettered nor knowingly skipped, whatever the
//! listener does and whatever happens to it. Each run is a case in the words of `conformance/README.md`, so that a run that
//! breaks the law can be given to the real system.
//!
//! Handled: the listener returned normally (where it acknowledges: it acknowledged). Dead-lettered or skipped by the error
//! handler: the recoverer returned, or the handler only logs. Knowingly skipped: a later record of the same partition was
//! acknowledged where that covers the earlier ones (D3, D4; with asyncAcks only after a retry without seeks, which forgets what
//! it waited for, D5); a batch listener said that the records before an index are done (D7, D10); and one thing that Spring does
//! and should not: of a batch of several partitions that it keeps without seeks, it commits what it still has in memory (D10).

use std::collections::{BTreeMap, BTreeSet};

use cqrs_lab::conformance::{Case, play};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::check::for_all;

/// What the listener does at one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Ack,
    Nothing,
    Hold,
    AckThenThrow,
    AckThenNack,
    Nack(i64),
    /// In a batch: nack from this index on.
    NackFrom(u32),
    /// In a batch: acknowledge through this index, then return.
    AckThrough(u32),
    Throw,
    ThrowFatal,
    /// In a batch: this index failed.
    FailedAt(u32),
    Kill,
    AckThenKill,
    Slow(u32),
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Start(u8),
    Stop(u8),
    Settle,
    Wait(u16),
    Send(u8),
    /// Acknowledges, on another thread, what was kept of the n-th record.
    AckKept(u8),
    Pause,
    Resume,
}

#[derive(Debug, Clone)]
struct Plan {
    partitions: u32,
    records: u8,
    mode: &'static str,
    batch: bool,
    async_acks: bool,
    max_poll: u32,
    handler: Value,
    strategy: &'static str,
    /// At the n-th record's (batch: the n-th call's), m-th delivery.
    rules: Vec<(u8, u8, Does)>,
    steps: Vec<Step>,
}

fn does(batch: bool, manual: bool) -> BoxedStrategy<Does> {
    let always = prop_oneof![Just(Does::Throw), Just(Does::ThrowFatal), Just(Does::Kill), (0..3_000_u32).prop_map(Does::Slow)];
    match (batch, manual) {
        (false, false) => always.boxed(),
        (false, true) => prop_oneof![
            2 => always,
            1 => Just(Does::Ack), 2 => Just(Does::Nothing), 2 => Just(Does::Hold), 1 => Just(Does::AckThenThrow),
            1 => Just(Does::AckThenNack), 2 => (0..900_i64).prop_map(Does::Nack), 1 => Just(Does::AckThenKill),
        ]
        .boxed(),
        (true, false) => prop_oneof![always, (0..4_u32).prop_map(Does::FailedAt)].boxed(),
        (true, true) => prop_oneof![
            2 => always,
            1 => (0..4_u32).prop_map(Does::FailedAt), 1 => Just(Does::Nothing), 1 => Just(Does::AckThenThrow),
            1 => (0..4_u32).prop_map(Does::NackFrom), 1 => (0..4_u32).prop_map(Does::AckThrough), 1 => Just(Does::AckThenKill),
        ]
        .boxed(),
    }
}

fn handlers() -> impl Strategy<Value = Value> {
    let default = (0..3_u32, prop::sample::select(vec![0_u32, 150]), any::<bool>(), any::<bool>(), any::<bool>(), 0..3_u32).prop_map(
        |(attempts, interval, seek, ack_after, commit_recovered, recoverer)| {
            let recoverer = match recoverer {
                0 => json!("DeadLetterPublishingRecoverer"),
                1 => json!({"class": "failing", "times": 1}),
                _ => Value::Null,
            };
            let mut handler = json!({"class": "DefaultErrorHandler", "seekAfterError": seek, "ackAfterHandle": ack_after,
                "commitRecovered": commit_recovered, "backOff": {"class": "FixedBackOff", "interval": interval, "maxAttempts": attempts}});
            if !recoverer.is_null() {
                handler["recoverer"] = recoverer;
            }
            handler
        },
    );
    prop_oneof![
        6 => default,
        1 => any::<bool>().prop_map(|ack| json!({"class": "CommonLoggingErrorHandler", "ackAfterHandle": ack})),
        1 => Just(json!({"class": "CommonContainerStoppingErrorHandler"})),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let modes = prop::sample::select(vec![
        "RECORD",
        "BATCH",
        "COUNT",
        "TIME",
        "COUNT_TIME",
        "MANUAL",
        "MANUAL",
        "MANUAL_IMMEDIATE",
        "MANUAL_IMMEDIATE",
    ]);
    (modes, any::<bool>(), any::<bool>()).prop_flat_map(|(mode, batch, async_acks)| {
        let manual = mode.starts_with("MANUAL");
        let batch = batch && mode != "RECORD";
        let async_acks = async_acks && manual && !batch;
        let step = prop_oneof![
            3 => (0..2_u8).prop_map(Step::Start), 1 => (0..2_u8).prop_map(Step::Stop), 2 => Just(Step::Settle),
            2 => (1..4_000_u16).prop_map(Step::Wait), 3 => (0..3_u8).prop_map(Step::Send), 1 => (0..8_u8).prop_map(Step::AckKept),
            1 => Just(Step::Pause), 1 => Just(Step::Resume),
        ];
        let rules = prop::collection::vec((0..8_u8, 1..4_u8, does(batch, manual)), 0..6);
        let strategy = prop::sample::select(vec!["RangeAssignor", "CooperativeStickyAssignor"]);
        let shape = (1..4_u32, 1..8_u8, 1..6_u32, handlers(), strategy);
        (shape, rules, prop::collection::vec(step, 0..8)).prop_map(
            move |((partitions, records, max_poll, handler, strategy), rules, steps)| Plan {
                partitions,
                records,
                mode,
                batch,
                async_acks,
                max_poll,
                handler,
                strategy,
                rules,
                steps,
            },
        )
    })
}

impl Plan {
    fn manual(&self) -> bool {
        self.mode.starts_with("MANUAL")
    }

    /// Whether the error handler keeps in memory what is left of a batch, in another order than that of the poll, and lets it be
    /// acknowledged.
    fn keeps_the_rest(&self) -> bool {
        let handler = &self.handler;
        self.batch && self.partitions > 1 && handler["seekAfterError"] == false && handler["ackAfterHandle"] != false
    }

    /// What the listener does when it is given the n-th record for the m-th time (a batch: at the n-th call).
    fn does(&self, value: &str, delivery: u64) -> Does {
        let fits = |(n, m, _): &&(u8, u8, Does)| match self.batch {
            true => u64::from(*n) + 1 == delivery,
            false => format!("v{n}") == *value && u64::from(*m) == delivery,
        };
        self.rules.iter().find(fits).map_or(Does::Ack, |(_, _, does)| *does)
    }

    fn case(&self) -> Value {
        let place = |n: u8| json!({"topic": "t", "partition": u32::from(n) % self.partitions, "key": null, "value": format!("v{n}")});
        let container = json!({"listener": if self.batch { "batch" } else { "record" }, "pollTimeout": 300, "ackMode": self.mode, "ackCount": 3,
            "ackTime": 1000, "asyncAcks": self.async_acks});
        let boom = json!({"throw": "java.lang.IllegalStateException"});
        let mut script: Vec<Value> = Vec::new();
        for (n, m, does) in &self.rules {
            let on = if self.batch { json!({"call": n + 1}) } else { json!({"value": format!("v{n}"), "delivery": m}) };
            let then = match *does {
                Does::Ack => json!([{"ack": true}]),
                Does::Nothing => json!([{"nothing": true}]),
                Does::Hold => json!([{"hold": true}]),
                Does::AckThenThrow => json!([{"ack": true}, boom]),
                Does::AckThenNack => json!([{"ack": true}, {"nack_ms": 100}]),
                Does::Nack(ms) => json!([{"nack_ms": ms}]),
                Does::NackFrom(index) => json!([{"nack_ms": 100, "nack_index": index}]),
                Does::AckThrough(index) => json!([{"ack_index": index}]),
                Does::Throw => json!([boom]),
                Does::ThrowFatal => json!([{"throw": "java.lang.ClassCastException"}]),
                Does::FailedAt(index) => json!([{"throw_batch_failed": index}]),
                Does::Kill => json!([{"kill": true}]),
                Does::AckThenKill => json!([{"ack": true}, {"kill": true}]),
                Does::Slow(ms) => json!([{"block_ms": ms}, {"ack": true}]),
            };
            script.push(json!({"on": on, "then": then}));
        }
        script.push(json!({"do": "start", "member": "m0"}));
        let mut living = [true, false];
        let mut sent = self.records;
        for step in &self.steps {
            match *step {
                Step::Start(m) if !living[m as usize] => {
                    living[m as usize] = true;
                    script.push(json!({"do": "start", "member": format!("m{m}")}));
                }
                Step::Stop(m) if living[m as usize] => {
                    living[m as usize] = false;
                    script.push(json!({"do": "stop_no_wait", "member": format!("m{m}")}));
                    script.push(json!({"do": "wait", "ms": 3000}));
                }
                Step::Settle => script.push(json!({"do": "settle"})),
                Step::Wait(ms) => script.push(json!({"do": "wait", "ms": ms})),
                Step::Send(partition) => {
                    let mut send = place(sent);
                    send["do"] = json!("send");
                    send["partition"] = json!(u32::from(partition) % self.partitions);
                    sent += 1;
                    script.push(send);
                }
                Step::Pause => script.push(json!({"do": "pause", "member": "m0"})),
                Step::Resume => script.push(json!({"do": "resume", "member": "m0"})),
                Step::AckKept(n) if self.rules.iter().any(|(rule, _, does)| *rule == n && *does == Does::Hold) => {
                    script.push(json!({"do": "ack", "value": format!("v{n}")}));
                }
                Step::Start(_) | Step::Stop(_) | Step::AckKept(_) => {}
            }
        }
        // Whatever died, somebody goes on.
        script.push(json!({"do": "start", "member": "last"}));
        script.push(json!({"do": "wait", "ms": 15_000}));
        json!({
            "id": "spring-by-chance", "rules": [],
            "given": {
                "topics": {"t": {"partitions": self.partitions}, "t-dlt": {"partitions": self.partitions}},
                "records": (0..self.records).map(place).collect::<Vec<_>>(),
                "group": "g",
                "consumer": {"auto.offset.reset": "earliest", "max.poll.records": self.max_poll, "session.timeout.ms": 1500,
                    "max.poll.interval.ms": 2000, "partition.assignment.strategy": self.strategy},
                "container": container,
                "error_handler": self.handler,
            },
            "script": script,
            "observed": {"trace": [], "committed": {}},
        })
    }
}

/// What is known of every record: partition and offset.
type At = (String, u64);

/// The bookkeeping of the law.
#[derive(Default)]
struct Book {
    /// Done, given up, or acknowledged each by itself.
    settled: BTreeSet<At>,
    /// Acknowledged: covers what lies before it (not with asyncAcks).
    acknowledged: BTreeSet<At>,
    /// Kept for later, by value.
    kept: BTreeMap<String, At>,
    /// The next batch is a retry in memory: the error handler takes its normal return for done, acknowledged or not (D10).
    retrying: bool,
    /// The index at which the listener failed, if it did so by an index.
    failed_at: Option<usize>,
    /// A batch of several partitions that failed at an index, while its error handler is at it.
    failed: Option<FailedBatch>,
}

/// A batch that failed at an index, and is not sought again but kept in memory.
struct FailedBatch {
    records: Vec<At>,
    index: usize,
    /// Whether the handler has said something of the failed record.
    handled: bool,
    recovered: bool,
}

fn at(text: &str) -> At {
    let (partition, offset) = text.rsplit_once('@').expect("partition@offset");
    (partition.to_owned(), offset.parse().expect("an offset"))
}

impl Book {
    fn acknowledge(&mut self, record: &At) {
        self.settled.insert(record.clone());
        self.acknowledged.insert(record.clone());
    }

    /// One delivery to a record listener. What it leads to is known at once: the commit of it comes later.
    fn record(&mut self, plan: &Plan, event: &Value) {
        let (record, value) = (at(event["deliver"].as_str().unwrap_or_default()), event["value"].as_str().unwrap_or_default());
        match plan.does(value, event["delivery"].as_u64().unwrap_or(0)) {
            Does::Ack | Does::Slow(_) | Does::AckThenThrow | Does::AckThenNack | Does::AckThenKill if plan.manual() => {
                self.acknowledge(&record)
            }
            Does::Ack | Does::Slow(_) if !plan.manual() => drop(self.settled.insert(record)),
            Does::Hold => drop(self.kept.insert(value.to_owned(), record)),
            // Logged: passed over, whether or not that counts as an acknowledgment.
            // (A nack with asyncAcks throws too.)
            Does::Throw | Does::ThrowFatal | Does::Nack(_) if plan.handler["class"] == "CommonLoggingErrorHandler" => {
                self.settled.insert(record);
            }
            _ => {}
        }
    }

    fn batch(&mut self, plan: &Plan, event: &Value) {
        let records: Vec<At> = event["deliver_batch"].as_array().into_iter().flatten().filter_map(|r| r.as_str().map(at)).collect();
        let retrying = std::mem::take(&mut self.retrying);
        self.failed_at = match plan.does("", event["call"].as_u64().unwrap_or(0)) {
            Does::FailedAt(index) => Some(index as usize),
            _ => None,
        };
        let done = match plan.does("", event["call"].as_u64().unwrap_or(0)) {
            Does::Ack | Does::Slow(_) | Does::AckThenThrow | Does::AckThenKill if plan.manual() => records.len(),
            Does::Ack | Does::Slow(_) => records.len(),
            Does::Nothing | Does::AckThrough(_) | Does::NackFrom(_) if retrying => records.len(),
            // Logged: passed over, whether or not that counts as an acknowledgment.
            // An index that the batch does not have, or a mode without indexes, throws too.
            Does::Throw | Does::ThrowFatal | Does::FailedAt(_) | Does::NackFrom(_) | Does::AckThrough(_)
                if plan.handler["class"] == "CommonLoggingErrorHandler" =>
            {
                records.len()
            }
            Does::FailedAt(index) | Does::NackFrom(index) if (index as usize) < records.len() => index as usize,
            Does::AckThrough(index) => (index as usize + 1).min(records.len()),
            _ => 0,
        };
        records[..done].iter().for_each(|record| self.acknowledge(record));
    }

    /// What follows the failure of a batch at an index, if the rest is kept in memory (D10): it comes back in the order of a Java
    /// map, which for up to three partitions of `t` is the descending one; and what stood in the batch before the first of it
    /// counts as acknowledged, though some of it may be kept too.
    fn rest_of_batch(&mut self, plan: &Plan, event: &Value) {
        if let Some(records) = event["failed_batch"].as_array() {
            let records: Vec<At> = records.iter().filter_map(|r| r.as_str().map(at)).collect();
            let index = self.failed_at.take().filter(|index| *index < records.len());
            self.failed =
                index.filter(|_| plan.keeps_the_rest()).map(|index| FailedBatch { records, index, handled: false, recovered: false });
            return;
        }
        let Some(failed) = &mut self.failed else { return };
        if ["failed", "recovered", "recovery_failed", "recoverer_called"].iter().any(|name| event.get(name).is_some()) {
            failed.handled = true;
            failed.recovered |= event.get("recovered").is_some();
            return;
        }
        if !failed.handled {
            return;
        }
        let FailedBatch { records, index, recovered, .. } = self.failed.take().expect("looked at just now");
        let rest = &records[index + usize::from(recovered)..];
        let Some(last) = rest.iter().map(|(partition, _)| partition).max() else { return };
        let end = records.len() - rest.len() + rest.iter().position(|(partition, _)| partition == last).expect("it is the last of these");
        records[..end].iter().for_each(|record| self.acknowledge(record));
    }

    /// Whether a partition may be committed up to this offset; else the first record that it passes.
    fn check(&self, plan: &Plan, partition: &str, committed: u64) -> Result<(), u64> {
        for offset in 0..committed {
            let covered = plan.manual()
                && (!plan.async_acks || plan.handler["seekAfterError"] == false)
                && self.acknowledged.range((partition.to_owned(), offset)..(partition.to_owned(), committed)).next().is_some();
            if !covered && !self.settled.contains(&(partition.to_owned(), offset)) {
                return Err(offset);
            }
        }
        Ok(())
    }
}

fn law(plan: &Plan) -> Result<(), String> {
    let text = plan.case();
    let case = Case::parse("by chance", &text.to_string()).map_err(|e| e.to_string())?;
    let got = match play(&case) {
        Ok(played) => played.got,
        // The script acknowledges what the listener was not given yet: no such run.
        Err(error) if error.problem.contains("no kept acknowledgment") => return Ok(()),
        Err(error) => return Err(format!("{error}\n{text:#}")),
    };
    let mut book = Book::default();
    let complain = |partition: &str, committed: u64, passed: u64| {
        format!("{partition} is committed up to {committed}, past {passed}, which nobody handled, gave up or skipped\n{got:#}\n{text:#}")
    };
    for event in got["trace"].as_array().into_iter().flatten() {
        book.rest_of_batch(plan, event);
        if event.get("deliver").is_some() {
            book.record(plan, event);
        } else if event.get("deliver_batch").is_some() {
            book.batch(plan, event);
        } else if event.get("failed_batch").is_some() {
            book.retrying = true;
        } else if let Some(record) = event["recovered"].as_str() {
            book.acknowledge(&at(record));
        } else if let Some(records) = event["recovered_batch"].as_array() {
            records.iter().filter_map(|r| r.as_str().map(at)).for_each(|record| book.acknowledge(&record));
        } else if event["do"] == "ack" {
            if let Some(record) = book.kept.get(event["value"].as_str().unwrap_or_default()).cloned() {
                book.acknowledge(&record);
            }
        } else if let Some(offsets) = event.get("commit").and_then(Value::as_object) {
            for (partition, committed) in offsets {
                let committed = committed.as_u64().unwrap_or(0);
                book.check(plan, partition, committed).map_err(|passed| complain(partition, committed, passed))?;
            }
        }
    }
    for (partition, committed) in got["committed"].as_object().into_iter().flatten() {
        let committed = committed.as_u64().unwrap_or(0);
        book.check(plan, partition, committed).map_err(|passed| complain(partition, committed, passed))?;
    }
    Ok(())
}

#[test]
fn d18_the_committed_offset_passes_nothing_that_is_not_accounted_for() {
    for_all(600, plans(), |plan| law(&plan));
}
