//! What follows from what a consumer is doing, in words, with the rule behind it.

use super::{Lang, says};
use crate::listener::{ContainerProperties, DltStrategy, ErrorHandler, Recoverer};
use crate::scene::{AfterCrash, ConsumerState};

/// Where a record goes whose attempts are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Nowhere: it is logged and skipped (D8).
    Log,
    /// To the dead-letter topic (D12).
    DeadLetters,
    /// To the next retry topic, and from the last one to the dead letters (D13).
    RetryTopics,
    /// To the next retry topic, and from the last one nowhere.
    RetryTopicsOnly,
}

impl Recovery {
    /// That of a container.
    pub(crate) fn of(container: &ContainerProperties) -> Recovery {
        let handler = match (&container.transactions, &container.error_handler) {
            (Some(transactions), _) => &transactions.after_rollback,
            (None, Some(ErrorHandler::Default(handler))) => handler,
            (None, _) => return Recovery::Log,
        };
        match (&handler.recoverer, &container.retry) {
            (Recoverer::DeadLetter(_), _) => Recovery::DeadLetters,
            // A dead letter whose own handler throws is published there again, or dropped.
            (Recoverer::NextRetryTopic, Some(role)) if role.of_dead_letters => match role.topics.strategy {
                DltStrategy::AlwaysRetryOnError => Recovery::DeadLetters,
                DltStrategy::FailOnError | DltStrategy::NoDlt => Recovery::Log,
            },
            (Recoverer::NextRetryTopic, Some(role)) if role.topics.dlt.is_none() => Recovery::RetryTopicsOnly,
            (Recoverer::NextRetryTopic, _) => Recovery::RetryTopics,
            (Recoverer::Log | Recoverer::Failing { .. }, _) => Recovery::Log,
        }
    }
}

/// What happens now, and what would happen if it died now.
pub(crate) fn consequence(state: ConsumerState, after_crash: AfterCrash, recovery: Recovery, lang: Lang) -> String {
    let end = match state {
        ConsumerState::Handling => handling(after_crash, lang),
        ConsumerState::Acknowledging => acknowledging(after_crash, lang),
        ConsumerState::Recovering => recovering(recovery, lang),
        ConsumerState::BackingOff => backing_off(recovery, lang),
        _ => "",
    };
    [beginning(state, lang), end].concat()
}

says! {
    /// After the words on the effect that is on its way.
    fn handling(AfterCrash) {
        Again: "and nothing is acknowledged yet. If the process died now, the record would be delivered again: the projection must bear it twice.", "중이고 아직 ACK하지 않았습니다. 지금 죽으면 다시 전달됩니다. 프로젝션은 같은 레코드가 두 번 와도 견뎌야 합니다.";
        AgainThoughAcked: "though the record is acknowledged already. A restart would read it all the same: if the process died now, it would be delivered again.", "중인데 ACK를 먼저 했습니다. 그래도 재시작하면 이 레코드를 다시 읽으므로, 지금 죽으면 다시 전달됩니다.";
        AgainByItsView: "though the record is acknowledged already. But a restart begins at the place that the view stores: if the process died now, the record would be delivered again.", "중인데 ACK를 먼저 했습니다. 하지만 재시작하면 읽기 모델에 함께 저장한 오프셋에서 시작하므로, 지금 죽으면 다시 전달됩니다.";
        Lost: "though the offset is committed already. If the process died now, the record would not be delivered again: its effect would be lost.", "중인데 오프셋을 먼저 커밋했습니다. 지금 죽으면 이 레코드는 다시 전달되지 않고 갱신은 사라집니다.";
    }
}

says! {
    /// After the words on the commit that is under way.
    fn acknowledging(AfterCrash) {
        Again: "The effect is done: if the process died before the commit arrives, the record would be delivered once more.", "처리는 이미 끝났습니다. 커밋이 도착하기 전에 죽으면 같은 레코드가 한 번 더 전달됩니다.";
        AgainThoughAcked: "The effect is not done yet: once the commit has arrived, a crash loses the record.", "처리는 아직 하지 않았습니다. 커밋이 도착한 뒤에 죽으면 이 레코드를 잃습니다.";
        AgainByItsView: "The effect is not done yet, but a restart begins at the place that the view stores: if the process died now, the record would be delivered again.", "처리는 아직 하지 않았습니다. 하지만 재시작하면 읽기 모델에 함께 저장한 오프셋에서 시작하므로, 지금 죽으면 다시 전달됩니다.";
        Lost: "The effect is not done yet, and the commit has arrived: if the process died now, the record would not be delivered again, and its effect would be lost.", "처리는 아직 하지 않았는데 커밋은 이미 도착했습니다. 지금 죽으면 이 레코드는 다시 전달되지 않고 갱신은 사라집니다.";
    }
}

says! {
    /// What a recoverer does.
    fn recovering(Recovery) {
        Log: "the recoverer writes the record to the application's log and skips it. No topic keeps it: its effect is lost.", "리커버러가 레코드를 애플리케이션 로그에 남기고 건너뜁니다. 어느 토픽에도 남지 않아 갱신은 사라집니다.";
        DeadLetters: "the recoverer sends the record to the dead letters, and only then is its offset committed.", "리커버러가 레코드를 데드 레터로 보내고, 그다음에야 오프셋을 커밋합니다.";
        RetryTopics: "the recoverer sends the record to the next retry topic or to the dead letters, and only then is its offset committed.", "리커버러가 레코드를 다음 재시도 토픽이나 데드 레터로 보내고, 그다음에야 오프셋을 커밋합니다.";
        RetryTopicsOnly: "the recoverer sends the record to the next retry topic, and only then is its offset committed. After the last retry topic it is logged and skipped.", "리커버러가 레코드를 다음 재시도 토픽으로 보내고, 그다음에야 오프셋을 커밋합니다. 마지막 재시도 토픽에서도 실패하면 로그에 남기고 건너뜁니다.";
    }
}

says! {
    /// What a recoverer will do.
    fn backing_off(Recovery) {
        Log: "the recoverer writes it to the application's log and skips it.", "리커버러가 애플리케이션 로그에 남기고 건너뜁니다.";
        DeadLetters: "the recoverer sends it to the dead-letter topic.", "리커버러가 데드 레터 토픽으로 보냅니다.";
        RetryTopics: "the recoverer sends it to the next retry topic or to the dead letters.", "리커버러가 다음 재시도 토픽이나 데드 레터로 보냅니다.";
        RetryTopicsOnly: "the recoverer sends it to the next retry topic; after the last one it is logged and skipped.", "리커버러가 다음 재시도 토픽으로 보냅니다. 마지막 재시도 토픽에서도 실패하면 로그에 남기고 건너뜁니다.";
    }
}

says! {
    /// The whole, or what all that can be said of the state begins with.
    fn beginning(ConsumerState) {
        Starting: "It joins its group. An empty group waits group.initial.rebalance.delay.ms for others before anybody gets a partition.", "그룹에 들어가는 중입니다. 빈 그룹은 group.initial.rebalance.delay.ms 동안 다른 멤버를 기다립니다.";
        Listening: "It polls. Heartbeats go on beside the poll; the committed offset says where a restart would begin.", "poll하고 있습니다. 하트비트는 따로 보냅니다. 재시작하면 커밋된 오프셋에서 시작합니다.";
        Handling: "The effect is on its way to the read database ", "읽기 모델 갱신이 읽기 DB로 가는 ";
        Deciding: "It waits for you. Meanwhile the poll clock runs: past max.poll.interval.ms the consumer leaves its group.", "결정을 기다립니다. 그동안에도 poll 제한 시간은 흐릅니다. max.poll.interval.ms가 지나면 그룹에서 빠집니다.";
        Paused: "It is paused: it polls and gets nothing, so it stays in its group and keeps its partitions.", "일시정지했습니다. poll은 하지만 받지 않으므로 그룹에 남아 파티션을 지킵니다.";
        NackSleep: "The record and everything after it in this poll is thrown away, and every partition of this consumer is paused. What was committed stays. There is no limit of attempts and no dead letter: a nack can repeat for ever.", "이 레코드와 이 poll의 나머지를 버리고, 이 소비자의 모든 파티션이 쉽니다. 커밋된 것은 그대로입니다. 횟수 제한도 데드 레터도 없어 끝없이 되풀이될 수 있습니다.";
        Acknowledging: "acknowledge() has been called, and its commit is on the way to the coordinator and back. ", "acknowledge()를 불러 커밋이 코디네이터에 다녀오는 중입니다. ";
        Committing: "The listener is done with its records and the container commits their offsets. If the process died now, all that is not committed yet would be delivered again.", "리스너가 레코드를 다 처리했고 컨테이너가 오프셋을 커밋하는 중입니다. 지금 죽으면 아직 커밋되지 않은 것은 모두 다시 전달됩니다.";
        Recovering: "The attempts are used up, or the exception is not worth one: ", "시도를 다 썼거나 재시도할 예외가 아닙니다. ";
        BackingOff: "The listener threw. The error handler waits and tries the record again; when its attempts are used up, ", "리스너가 예외를 던졌습니다. 오류 처리기가 기다렸다가 다시 시도합니다. 횟수를 다 쓰면 ";
        Rebalancing: "The group shares out its partitions again. With an eager assignor everybody stops, and what was not committed is delivered again.", "그룹이 파티션을 다시 나눕니다. eager 할당자에서는 모두 멈추고, 커밋하지 않은 것은 다시 전달됩니다.";
        Stalled: "The listener does not come back, so there is no poll; heartbeats go on. Past max.poll.interval.ms the consumer leaves its group: others take its partitions while it still works, and its commit will fail.", "리스너가 돌아오지 않아 poll을 하지 못합니다. 하트비트는 계속 보냅니다. max.poll.interval.ms가 지나면 그룹에서 빠지고, 일하는 동안 다른 소비자가 파티션을 가져가며, 커밋은 실패합니다.";
        Stopped: "It stopped in order: it committed and left, and the others have its partitions at once.", "정상 종료했습니다. 커밋하고 떠나 다른 소비자가 곧바로 파티션을 받습니다.";
        Dead: "It died without a goodbye. Its partitions wait for the session timeout; then another one reads on from the committed offset.", "예고 없이 죽었습니다. 파티션은 세션 타임아웃을 기다린 뒤, 다른 소비자가 커밋된 오프셋부터 읽습니다.";
    }
}

/// What happens where listeners are called in the API's process, and no consumer has anything to do.
pub(crate) fn in_process(lang: Lang) -> &'static str {
    lang.pick(
        "The API calls these listeners itself, and there is no log to read from again. Phase, thread and transaction decide who hears of an exception, and what a crash leaves undone stays undone.",
        "API가 이 리스너를 직접 부르며, 다시 읽을 로그가 없습니다. 예외를 누가 아는지는 단계와 스레드와 트랜잭션이 정하고, 장애로 못 한 일은 끝내 하지 않습니다.",
    )
}

/// The rule behind what happens there.
pub(crate) const IN_PROCESS_RULE: &str = "F7";

/// The rule behind it.
pub(crate) fn rule(state: ConsumerState, after_crash: AfterCrash, recovery: Recovery) -> &'static str {
    match state {
        // At most once: acknowledge first, process after.
        ConsumerState::Handling | ConsumerState::Acknowledging if after_crash != AfterCrash::Again => "D18",
        ConsumerState::Starting => "C1",
        ConsumerState::Listening => "C5",
        ConsumerState::Handling => "E5",
        ConsumerState::Acknowledging | ConsumerState::Committing => "D2",
        ConsumerState::Recovering => match recovery {
            Recovery::Log => "D8",
            Recovery::DeadLetters => "D12",
            Recovery::RetryTopics | Recovery::RetryTopicsOnly => "D13",
        },
        ConsumerState::Deciding | ConsumerState::Stalled | ConsumerState::Dead | ConsumerState::Stopped => "C2",
        ConsumerState::Paused => "D0",
        ConsumerState::NackSleep => "D6",
        ConsumerState::BackingOff => "D8",
        ConsumerState::Rebalancing => "C4",
    }
}

/// What happens now with a consumer of a share group, and the rule behind it.
pub(crate) fn of_share(state: ConsumerState, lang: Lang) -> (String, &'static str) {
    let (en, ko, rule) = match state {
        ConsumerState::Starting => (
            "It joins its share group. There is no rebalance to wait for: it has its partitions from its second heartbeat on, even if others read them too.",
            "공유 그룹에 들어가는 중입니다. 기다릴 리밸런스가 없습니다. 다른 멤버가 읽는 파티션이라도 두 번째 하트비트부터 받습니다.",
            "S1",
        ),
        ConsumerState::Listening => (
            "It polls. What it acknowledged before travels with the request; the broker gives it records that nobody has in hand.",
            "poll하고 있습니다. 앞서 확인한 것이 요청에 실려 가고, 브로커는 아무도 쥐지 않은 레코드를 줍니다.",
            "S4",
        ),
        ConsumerState::Handling => (
            "The record is its alone until the lock ends. If the process died now, the broker would see the connection break and make the record available again: another delivery.",
            "잠금이 끝날 때까지 이 레코드는 이 소비자만 쥡니다. 지금 죽으면 연결이 끊기고 브로커가 레코드를 다시 풀어 또 전달합니다.",
            "S13",
        ),
        ConsumerState::Deciding => (
            "It waits for you, and the lock runs: when it ends, the record goes to another consumer and your answer does not count.",
            "결정을 기다리는 동안 잠금 시간이 흐릅니다. 끝나면 레코드는 다른 소비자에게 가고 결정은 소용없습니다.",
            "S5",
        ),
        ConsumerState::Committing => (
            "commitSync() is on the way to the broker and back. Until it has arrived there a crash would make the records available again, though the work is done.",
            "commitSync()가 브로커에 다녀오는 중입니다. 도착하기 전에 죽으면 처리한 레코드도 다시 풀립니다.",
            "S9",
        ),
        ConsumerState::Stalled => (
            "It does not come back from its work. Its heartbeats go on; when the lock ends the record is given to another consumer, and what this one says later does not count.",
            "처리에서 돌아오지 않습니다. 하트비트는 계속 보냅니다. 잠금이 끝나면 레코드는 다른 소비자에게 가고, 이 소비자의 늦은 확인은 소용없습니다.",
            "S5",
        ),
        ConsumerState::Stopped => (
            "It closed its consumer: what was acknowledged was sent, the rest was given back at once.",
            "소비자를 닫았습니다. 확인한 것은 보냈고 나머지는 바로 돌려주었습니다.",
            "S13",
        ),
        ConsumerState::Dead => (
            "It died. Its connections broke, so that its records were available again at once; the coordinator misses it only after the session timeout.",
            "죽었습니다. 연결이 끊겨 레코드는 바로 풀렸고, 코디네이터는 세션 타임아웃이 지나야 압니다.",
            "S13",
        ),
        // What it shares with listeners depends on the state alone.
        other => {
            let (after, recovery) = (AfterCrash::Again, Recovery::Log);
            return (consequence(other, after, recovery, lang), rule(other, after, recovery));
        }
    };
    (lang.pick(en, ko).to_owned(), rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::World;
    use crate::scenario::Scenario;

    fn said(state: ConsumerState, after: AfterCrash, recovery: Recovery) -> [String; 2] {
        [Lang::En, Lang::Ko].map(|lang| consequence(state, after, recovery, lang))
    }

    #[test]
    fn d18_what_is_acknowledged_before_its_effect_is_not_called_safe() {
        let [en, ko] = said(ConsumerState::Handling, AfterCrash::Again, Recovery::Log);
        assert!(en.contains("nothing is acknowledged yet") && ko.contains("아직 ACK하지 않았습니다"), "{en} {ko}");
        for after in [AfterCrash::AgainThoughAcked, AfterCrash::AgainByItsView, AfterCrash::Lost] {
            let [en, ko] = said(ConsumerState::Handling, after, Recovery::Log);
            assert!(!en.contains("nothing is acknowledged") && !ko.contains("아직 ACK하지 않았습니다"), "{after:?}: {en} {ko}");
            assert_eq!(en.contains("would be lost"), after == AfterCrash::Lost, "{en}");
            assert_eq!(en.contains("would be delivered again"), after != AfterCrash::Lost, "{en}");
            let [en, ko] = said(ConsumerState::Acknowledging, after, Recovery::Log);
            assert!(en.contains("The effect is not done yet") && ko.contains("처리는 아직 하지 않았"), "{after:?}: {en} {ko}");
            assert_eq!(rule(ConsumerState::Handling, after, Recovery::Log), "D18");
        }
        assert!(said(ConsumerState::Acknowledging, AfterCrash::Again, Recovery::Log)[0].contains("The effect is done"));
    }

    #[test]
    fn d8_d12_d13_where_a_record_goes_is_said_as_it_is_set() {
        let of = |sets: &[(&str, &str)]| {
            let mut scenario = Scenario::plain("recovery", 1);
            for (key, value) in sets {
                scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("valid");
            }
            let world = World::new(&scenario);
            Recovery::of(world.consumers()[0].container.properties())
        };
        let chain = ("retryTopics.maxAttempts", "3");
        for (sets, recovery, words, rule_of_it) in [
            (&[][..], Recovery::DeadLetters, ["dead", "데드 레터"], "D12"),
            (&[("recoverer", "log")], Recovery::Log, ["skips it", "건너뜁니다"], "D8"),
            (
                &[("recoverer", "log"), chain],
                Recovery::RetryTopics,
                ["next retry topic or to the dead letters", "재시도 토픽이나 데드 레터"],
                "D13",
            ),
            (
                &[chain, ("retryTopics.dltStrategy", "NO_DLT")],
                Recovery::RetryTopicsOnly,
                ["next retry topic", "다음 재시도 토픽으로"],
                "D13",
            ),
        ] {
            assert_eq!(of(sets), recovery);
            for state in [ConsumerState::BackingOff, ConsumerState::Recovering] {
                let [en, ko] = said(state, AfterCrash::Again, recovery);
                assert!(en.contains(words[0]) && ko.contains(words[1]), "{recovery:?}: {en} {ko}");
                let dead = matches!(recovery, Recovery::DeadLetters | Recovery::RetryTopics);
                assert_eq!((en.contains("dead"), ko.contains("데드")), (dead, dead), "{recovery:?}: {en} {ko}");
            }
            assert_eq!(rule(ConsumerState::Recovering, AfterCrash::Again, recovery), rule_of_it);
        }
    }
}
