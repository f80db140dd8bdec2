//! Which fields the steps of each verb may have: a field of another verb is a slip of the script, not a wish to be passed over.
//! Knows no values.

/// What any step may have.
const ANY: [&str; 2] = ["do", "as"];
/// What a step that makes a consumer may have.
const CONSUMER: &[&str] =
    &["member", "group", "topics", "partitions", "assignor", "instance", "isolation", "config", "value_deserializer", "commit_on_revoke"];

/// The fields of a verb besides those of any step; `None` if there is no such verb.
fn fields_of(verb: &str) -> Option<&'static [&'static str]> {
    Some(match verb {
        "send" => &["producer", "topic", "partition", "key", "value", "timestamp", "timestamp_from_now", "count", "from", "wait"],
        "send_batch" => &["producer", "topic", "partition", "key", "value", "count", "from", "show"],
        "await_sends" | "init_transactions" | "begin" | "commit_transaction" | "abort_transaction" => &["producer"],
        "send_offsets" => &["producer", "offsets", "member"],
        "append" => &["partition", "producer_id", "epoch", "sequence", "count"],
        "partition_table" => &["topics", "keys"],
        "add_partitions" => &["topic", "total"],
        "alter_topic" => &["topic", "config"],
        "delete_records" => &["partition", "before"],
        "list_offset" => &["partition", "timestamp"],
        "log" | "partition_state" => &["topic"],
        "segments" => &["partition"],
        "read" => &["topic", "from", "isolation"],
        "compact" => &["partition", "up_to"],
        "advance" => &["ms"],
        "join" | "open" | "assign" => CONSUMER,
        "poll" => &["member", "for_ms"],
        "drain" | "position" | "leave" | "stall" | "resume" | "wakeup" | "crash" | "take" | "events" => &["member"],
        "commit" => &["member", "offsets"],
        "seek" => &["member", "partition", "to"],
        "await_records" => &["member", "count"],
        "settle" => &["group", "members", "show"],
        "group" | "offsets" => &["group"],
        "reset_offset" => &["group", "partition", "to"],
        "delete_offset" => &["group", "partition"],
        "kill_broker" | "stop_broker" | "start_broker" => &["broker"],
        "kill_coordinator" => &["group", "transactional_id"],
        "lose_request" | "lose_response" => &["producer", "member", "api", "times"],
        "await_isr" => &["topic", "isr"],
        "await_leader" => &["topic", "leader"],
        "share_open" => &["member", "group", "topics", "config", "callback", "wait"],
        "share_poll" => &["member", "for_ms"],
        "share_ack" => &["member", "partition", "offset", "offsets", "type"],
        "share_commit" => &["member", "async"],
        "share_commits" => &["member"],
        "share_settle" => &["group", "members", "show"],
        "share_group" | "share_offsets" | "delete_share_group" => &["group"],
        "alter_share_group" => &["group", "config"],
        "alter_share_offsets" => &["group", "partition", "to"],
        "delete_share_offsets" => &["group", "topic"],
        _ => return None,
    })
}

/// The first of these fields that the verb does not have, with what it has; `None` if all are its own, or there is no such verb.
pub(super) fn stray<'a>(verb: &str, mut fields: impl Iterator<Item = &'a String>) -> Option<(&'a str, String)> {
    let own = fields_of(verb)?;
    let stray = fields.find(|field| !ANY.contains(&field.as_str()) && !own.contains(&field.as_str()))?;
    Some((stray, [&ANY[..], own].concat().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_another_verb_is_stray() {
        let fields = ["do", "as", "member", "ms"].map(str::to_owned);
        let (field, known) = stray("poll", fields.iter()).expect("poll has no ms");
        assert_eq!((field, known.as_str()), ("ms", "do, as, member, for_ms"));
        assert_eq!(stray("advance", fields.iter()).map(|(field, _)| field), Some("member"));
        assert_eq!(stray("poll", fields[..3].iter()), None);
        assert_eq!(stray("no verb", fields.iter()), None, "its name is the error");
    }
}
