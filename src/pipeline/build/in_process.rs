//! What annotations on listeners in the process come to (F7): Spring's rules, as they were recorded, are asked.

use std::sync::Arc;

use crate::bank::{Called, InProcess};
use crate::listener::application_events::{
    Annotations, Application, ApplicationFact, Bean, Database, ListenerKind, Phase, Propagation, Step,
};
use crate::scenario::{Config, Of, Property};

const EVENT: &str = "event";
const ACCOUNTS: &str = "accounts";
const VIEW: &str = "view";

/// What a service and its listener are like.
struct Question {
    annotations: Annotations,
    in_transaction: bool,
    connections_auto_commit: bool,
}

/// The plan of the settings; the default if the events go over a log.
pub(super) fn in_process(config: &Config) -> InProcess {
    let flag = |property| config.flag(property, Of::Only);
    let kind = match config.choice(Property::Publication, Of::Only) {
        "application-event" => ListenerKind::Event,
        "transactional-event" => ListenerKind::Transactional {
            phase: match config.choice(Property::ListenerPhase, Of::Only) {
                "BEFORE_COMMIT" => Phase::BeforeCommit,
                "AFTER_ROLLBACK" => Phase::AfterRollback,
                "AFTER_COMPLETION" => Phase::AfterCompletion,
                _ => Phase::AfterCommit,
            },
            fallback_execution: flag(Property::FallbackExecution),
        },
        _ => return InProcess::default(),
    };
    let transactional = match config.choice(Property::ListenerPropagation, Of::Only) {
        "REQUIRES_NEW" => Some(Propagation::RequiresNew),
        "NOT_SUPPORTED" => Some(Propagation::NotSupported),
        _ => None,
    };
    let annotations = Annotations { kind, on_other_thread: flag(Property::AsyncListener), order: None, transactional };
    let in_transaction = flag(Property::ServiceTransactional);
    let usual = Question { annotations, in_transaction, connections_auto_commit: true };
    let as_set = Question { connections_auto_commit: flag(Property::ConnectionAutoCommit), ..usual };
    let (reaches_caller, data_kept) = usual.when_the_listener_throws();
    let before_commit = if annotations.on_other_thread { usual.rows_seen() == Some(0) } else { !data_kept };
    InProcess {
        called: match usual.rows_seen() {
            None => Called::Never,
            Some(_) if before_commit => Called::BeforeCommit,
            Some(_) => Called::AfterCommit,
        },
        after_rollback: usual.is_called_after_a_rollback(),
        on_other_thread: annotations.on_other_thread,
        reaches_caller,
        write_kept: as_set.keeps_what_the_listener_writes(),
        same_database: config.choice(Property::ListenerDataSource, Of::Only) == "shared",
    }
}

impl Question {
    /// The service stores an account and publishes; the listener does this; then the service does that.
    fn ask(&self, listener_does: Step, at_the_end: Option<Step>) -> Application {
        let name = |text: &str| -> Arc<str> { Arc::from(text) };
        let bean = Bean { name: name("listener"), annotations: self.annotations, does: vec![listener_does] };
        let database = Database::new([name(ACCOUNTS), name(VIEW)]);
        let mut application = Application::new(vec![bean], database, self.connections_auto_commit);
        let steps: Vec<Step> = [
            Step::Insert { table: name(ACCOUNTS), value: name("A") },
            Step::Publish { event: name(EVENT), catch: false },
            Step::AwaitListeners,
        ]
        .into_iter()
        .chain(at_the_end)
        .collect();
        application.call(&steps, self.in_transaction);
        application
    }

    /// Whether the caller gets the listener's exception, and whether the account is stored all the same.
    fn when_the_listener_throws(&self) -> (bool, bool) {
        let application = self.ask(Step::Throw(Arc::from("IllegalStateException")), None);
        let reaches = application.facts().iter().any(|(_, fact)| matches!(fact, ApplicationFact::CallerThrew(_)));
        (reaches, !application.database.rows(ACCOUNTS).is_empty())
    }

    /// How many accounts the listener sees; `None` if it is not called.
    fn rows_seen(&self) -> Option<u64> {
        let application = self.ask(Step::Count { table: Arc::from(ACCOUNTS) }, None);
        application.facts().iter().find_map(|(_, fact)| match fact {
            ApplicationFact::Counted(_, rows) => Some(*rows),
            _ => None,
        })
    }

    fn is_called_after_a_rollback(&self) -> bool {
        let ends = Step::Throw(Arc::from("RuntimeException"));
        let called = |a: &Application| a.facts().iter().any(|(_, fact)| matches!(fact, ApplicationFact::Listener(..)));
        let phase_is_late = matches!(self.annotations.kind, ListenerKind::Transactional { .. });
        phase_is_late && self.in_transaction && called(&self.ask(Step::Count { table: Arc::from(ACCOUNTS) }, Some(ends)))
    }

    fn keeps_what_the_listener_writes(&self) -> bool {
        let write = Step::Insert { table: Arc::from(VIEW), value: Arc::from("A") };
        !self.ask(write, None).database.rows(VIEW).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sets: &[(&str, &str)]) -> InProcess {
        let mut config = Config::default();
        for (key, value) in sets {
            config.set_text(&format!("api.{key}"), value).expect("a setting of the table");
        }
        in_process(&config)
    }

    const EVENT_LISTENER: (&str, &str) = ("publication", "application-event");
    const TRANSACTIONAL: (&str, &str) = ("publication", "transactional-event");

    #[test]
    fn f7_a_plain_listener_is_called_in_the_transaction_and_rolls_it_back() {
        let plan = plan(&[EVENT_LISTENER]);
        assert_eq!((plan.called, plan.reaches_caller, plan.on_other_thread), (Called::BeforeCommit, true, false));
        assert!(!plan.after_rollback);
    }

    #[test]
    fn f7_a_transactional_listener_is_called_after_the_commit_and_its_exception_is_swallowed() {
        let after = plan(&[TRANSACTIONAL]);
        assert_eq!((after.called, after.reaches_caller), (Called::AfterCommit, false));
        let before = plan(&[TRANSACTIONAL, ("TransactionalEventListener.phase", "BEFORE_COMMIT")]);
        assert_eq!((before.called, before.reaches_caller), (Called::BeforeCommit, true));
        let rollback = plan(&[TRANSACTIONAL, ("TransactionalEventListener.phase", "AFTER_ROLLBACK")]);
        assert_eq!((rollback.called, rollback.after_rollback), (Called::Never, true));
        let completion = plan(&[TRANSACTIONAL, ("TransactionalEventListener.phase", "AFTER_COMPLETION")]);
        assert_eq!((completion.called, completion.after_rollback), (Called::AfterCommit, true));
    }

    #[test]
    fn f7_outside_a_transaction_a_transactional_listener_is_not_called_unless_it_falls_back() {
        let outside = ("Transactional", "false");
        assert_eq!(plan(&[TRANSACTIONAL, outside]).called, Called::Never);
        let falls_back = plan(&[TRANSACTIONAL, outside, ("TransactionalEventListener.fallbackExecution", "true")]);
        assert_eq!((falls_back.called, falls_back.reaches_caller), (Called::AfterCommit, true));
    }

    #[test]
    fn f7_what_is_written_after_the_commit_is_kept_only_by_auto_commit_or_a_transaction_of_its_own() {
        let shared = ("listener-data-source", "shared");
        let off = ("spring.datasource.hikari.auto-commit", "false");
        assert!(plan(&[TRANSACTIONAL, shared]).write_kept);
        assert!(!plan(&[TRANSACTIONAL, shared, off]).write_kept);
        assert!(plan(&[TRANSACTIONAL, shared, off, ("Transactional.propagation", "REQUIRES_NEW")]).write_kept);
    }

    #[test]
    fn f7_an_async_listener_of_a_plain_event_may_come_before_the_commit() {
        let early = plan(&[EVENT_LISTENER, ("Async", "true")]);
        assert_eq!((early.called, early.on_other_thread, early.reaches_caller), (Called::BeforeCommit, true, false));
        let late = plan(&[TRANSACTIONAL, ("Async", "true")]);
        assert_eq!((late.called, late.on_other_thread, late.reaches_caller), (Called::AfterCommit, true, false));
    }
}
