//! The family kafka-*: producers, consumers and tools on brokers without a bank. Each verb becomes an intervention, each
//! answer is read from the world; the steps are carried out strictly one after the other.

mod fields;
mod groups;
mod logs;
mod members;
mod network;
mod play;
mod setup;
mod shares;
mod show;
mod step;

use serde_json::{Map, Value};

use self::play::Play;
use self::step::Step;
use super::{Case, CaseError, Played};

/// What the recorder takes from one step to the next: an answer that nobody waits for has come by then.
const STEP_MS: u64 = 5;

/// What a step gives: a value for its label, or the trouble that the script cannot go on with.
type Outcome = Result<Value, CaseError>;

/// Plays a case of this family.
pub(super) fn play(case: &Case) -> Result<Played, CaseError> {
    let mut play = setup::begin(case)?;
    let mut got = Map::new();
    let (mut steps, mut binds) = (Vec::new(), Vec::new());
    let mut hurries = false;
    for (index, map) in case.script.iter().enumerate() {
        let step = Step { case, index, map };
        play.begin_step(hurries);
        steps.push(Some(play.world.now()));
        let value = perform(&mut play, &step)?;
        // Who does not wait for an acknowledgment goes on at once, before the producer's sender has looked.
        hurries = step.verb()? == "send" && map.get("wait").and_then(Value::as_bool) == Some(false);
        if !hurries {
            play.pass_ms(STEP_MS);
        }
        match map.get("as").and_then(Value::as_str) {
            Some(label) => {
                play.bind(label, &value, &mut binds);
                got.insert(label.to_owned(), value);
            }
            // A step without a label must succeed; if it does not, this is the fact that differs.
            None if value.get("error").is_some() && step.verb()? != "events" => {
                got.insert(format!("script[{index}]"), value);
                break;
            }
            None => {}
        }
    }
    let (expected, got) = (Value::Object(case.observed.clone()), Value::Object(got));
    Ok(Played { expected, got, recorded: play.world.into_recording(), steps, binds })
}

/// Carries out one step.
fn perform(play: &mut Play, step: &Step) -> Outcome {
    match step.verb()? {
        "send" => play.send(step),
        "await_sends" => play.await_sends(step),
        "send_batch" => play.send_batch(step),
        "init_transactions" | "begin" | "commit_transaction" | "abort_transaction" | "send_offsets" => play.transaction(step),
        "append" => play.append(step),
        "partition_table" => play.partition_table(step),
        "add_partitions" => play.add_partitions(step),
        "alter_topic" => play.alter_topic(step),
        "delete_records" => play.delete_records(step),
        "list_offset" => play.list_offset(step),
        "log" => play.log(step),
        "segments" => play.segments(step),
        "read" => play.read(step),
        "compact" => play.compact(step),
        "advance" => play.advance(step),
        "join" | "open" | "assign" => play.open(step),
        "share_open" => play.share_open(step),
        "share_poll" | "share_ack" | "share_commit" | "share_commits" => play.share_order(step),
        "leave" if play.is_share(step.text("member")?) => play.share_order(step),
        "share_group" => play.share_group(step),
        "share_settle" => play.share_settle(step),
        "share_offsets" => play.share_offsets(step),
        "alter_share_group" | "alter_share_offsets" | "delete_share_offsets" | "delete_share_group" => play.share_tool(step),
        "poll" | "drain" | "commit" | "position" | "seek" | "leave" => play.order(step),
        "stall" | "resume" | "wakeup" | "crash" => play.hardship(step),
        "take" | "await_records" => play.take(step),
        "events" => play.events(step),
        "settle" => play.settle(step),
        "group" => play.group(step),
        "offsets" => play.offsets(step),
        "reset_offset" | "delete_offset" => play.change_offset(step),
        "kill_broker" | "stop_broker" | "start_broker" => play.broker(step),
        "kill_coordinator" => play.kill_coordinator(step),
        "lose_request" | "lose_response" => play.lose(step),
        "partition_state" => play.partition_state(step),
        "await_isr" | "await_leader" => play.await_partition(step),
        other => Err(step.error("do", format!("unknown verb {other:?}; the README of the cases lists what there is"))),
    }
}
