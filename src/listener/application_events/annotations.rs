//! What the annotations of a listener method say. Does not know when a listener is called.

use std::fmt;

/// The phase of a transaction in which a `@TransactionalEventListener` is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Inside the transaction, after everything that the service did.
    BeforeCommit,
    /// After the commit; the default.
    AfterCommit,
    /// After a rollback.
    AfterRollback,
    /// After either.
    AfterCompletion,
}

/// Which kind of listener a method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// `@EventListener`: called at once, on the publisher's thread.
    Event,
    /// `@TransactionalEventListener`.
    Transactional {
        /// When it is called.
        phase: Phase,
        /// Whether it is called at once when there is no transaction; otherwise the event is discarded.
        fallback_execution: bool,
    },
}

/// `@Transactional` on a listener method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Propagation {
    /// Joins the running transaction; refused on a transactional listener since Spring 6.1.
    Required,
    /// A transaction of its own.
    RequiresNew,
    /// No transaction.
    NotSupported,
}

/// The annotations of a listener method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Annotations {
    /// `@EventListener` or `@TransactionalEventListener`.
    pub kind: ListenerKind,
    /// `@Async`: on another thread.
    pub on_other_thread: bool,
    /// `@Order`; `None` comes last.
    pub order: Option<i32>,
    /// `@Transactional`.
    pub transactional: Option<Propagation>,
}

/// An annotation text that is not understood: the part, and what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationError(pub String);

impl fmt::Display for AnnotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown annotation {}; known: @EventListener, @TransactionalEventListener(phase = …, fallbackExecution = …), \
             @Async, @Order(n), @Transactional(propagation = …)",
            self.0
        )
    }
}

impl Annotations {
    /// Reads annotations as they stand in Java or Kotlin.
    ///
    /// # Errors
    /// An annotation or attribute that is not known.
    pub fn parse(text: &str) -> Result<Annotations, AnnotationError> {
        let (mut kind, mut on_other_thread, mut order, mut transactional) = (None, false, None, None);
        for (name, arguments) in split(text) {
            let unknown = || AnnotationError(format!("@{name}({arguments})"));
            match name {
                "EventListener" if arguments.is_empty() => kind = Some(ListenerKind::Event),
                "TransactionalEventListener" => kind = Some(transactional_listener(arguments).ok_or_else(unknown)?),
                "Async" if arguments.is_empty() => on_other_thread = true,
                "Order" => order = Some(arguments.parse().map_err(|_| unknown())?),
                "Transactional" => {
                    transactional = Some(match arguments.rsplit(['=', '.']).next().map(str::trim) {
                        Some("") | Some("REQUIRED") => Propagation::Required,
                        Some("REQUIRES_NEW") => Propagation::RequiresNew,
                        Some("NOT_SUPPORTED") => Propagation::NotSupported,
                        _ => return Err(unknown()),
                    });
                }
                _ => return Err(unknown()),
            }
        }
        let kind = kind.ok_or_else(|| AnnotationError(format!("{text:?} (neither @EventListener nor @TransactionalEventListener)")))?;
        Ok(Annotations { kind, on_other_thread, order, transactional })
    }

    /// Whether Spring refuses to start with this listener: `RestrictedTransactionalEventListenerFactory`.
    pub fn is_refused(&self) -> bool {
        matches!(self.kind, ListenerKind::Transactional { .. }) && self.transactional == Some(Propagation::Required)
    }
}

/// Names and arguments of `@A @B(x = y)`.
fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('@').map(str::trim).filter(|part| !part.is_empty()).map(|part| match part.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim().trim_end_matches(')').trim()),
        None => (part, ""),
    })
}

fn transactional_listener(arguments: &str) -> Option<ListenerKind> {
    let (mut phase, mut fallback_execution) = (Phase::AfterCommit, false);
    for argument in arguments.split(',').map(str::trim).filter(|a| !a.is_empty()) {
        let (name, value) = argument.split_once('=')?;
        match (name.trim(), value.trim().rsplit('.').next()?) {
            ("phase", "BEFORE_COMMIT") => phase = Phase::BeforeCommit,
            ("phase", "AFTER_COMMIT") => phase = Phase::AfterCommit,
            ("phase", "AFTER_ROLLBACK") => phase = Phase::AfterRollback,
            ("phase", "AFTER_COMPLETION") => phase = Phase::AfterCompletion,
            ("fallbackExecution", value) => fallback_execution = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(ListenerKind::Transactional { phase, fallback_execution })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f7_annotations_are_read_as_written() {
        let a =
            Annotations::parse("@Async @TransactionalEventListener(phase = BEFORE_COMMIT, fallbackExecution = true) @Order(2)").unwrap();
        assert_eq!(a.kind, ListenerKind::Transactional { phase: Phase::BeforeCommit, fallback_execution: true });
        assert!(a.on_other_thread && a.order == Some(2) && a.transactional.is_none());
        assert!(Annotations::parse("@EventListener @Retryable").unwrap_err().to_string().contains("@Retryable"));
        assert!(Annotations::parse("@Order(1)").is_err());
    }

    #[test]
    fn f7_transactional_on_a_transactional_listener_is_refused_unless_new() {
        let refused = |text| Annotations::parse(text).unwrap().is_refused();
        assert!(refused("@TransactionalEventListener @Transactional"));
        assert!(!refused("@TransactionalEventListener @Transactional(propagation = REQUIRES_NEW)"));
        assert!(!refused("@EventListener @Transactional"));
    }
}
