//! Exceptions as a listener container meets them: a class name, a message, and the few kinds that it treats differently.
//!
//! Knows no handler and no recovery.

use std::sync::Arc;

use crate::broker::KafkaException;

/// `java.lang.IllegalStateException`.
pub const ILLEGAL_STATE: &str = "java.lang.IllegalStateException";
/// `java.lang.IllegalArgumentException`.
pub const ILLEGAL_ARGUMENT: &str = "java.lang.IllegalArgumentException";
/// `java.lang.UnsupportedOperationException`.
pub const UNSUPPORTED_OPERATION: &str = "java.lang.UnsupportedOperationException";
/// Spring's own `KafkaException`, which its error handlers and templates throw.
pub const SPRING_KAFKA: &str = "org.springframework.kafka.KafkaException";
/// What the `ErrorHandlingDeserializer` leaves in a header and the container throws (D14).
pub const DESERIALIZATION: &str = "org.springframework.kafka.support.serializer.DeserializationException";
/// What wraps every exception of a listener.
pub const LISTENER_FAILED: &str = "org.springframework.kafka.listener.ListenerExecutionFailedException";
/// What a batch listener throws to say which record failed (D10).
pub const BATCH_FAILED: &str = "org.springframework.kafka.listener.BatchListenerFailedException";
/// A failed commit of a member that is no longer in its group.
pub const COMMIT_FAILED: &str = "org.apache.kafka.clients.consumer.CommitFailedException";

/// What an exception is to the container, beyond its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionKind {
    /// Any exception of the listener: goes to the error handler.
    Plain,
    /// A `java.lang.Error`: stops the container (D0).
    Error,
    /// A `BatchListenerFailedException` for the record with this index in the batch (D10).
    BatchListenerFailed {
        /// The index, from 0.
        index: u32,
    },
    /// A `DeserializationException` that the container throws before the listener is called (D14).
    Deserialization,
    /// A `KafkaBackoffException`: a record in a retry topic that is not due yet (D13).
    NotDue,
    /// It came out of the container or the Kafka client, not out of the listener.
    Container,
}

/// An exception on the consumer thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exception {
    /// The full class name of the root cause.
    pub class: Arc<str>,
    /// Its message.
    pub message: Arc<str>,
    /// How the container treats it.
    pub kind: ExceptionKind,
}

impl Exception {
    /// What the `ErrorHandlingDeserializer` left with a record without a value (D14).
    pub(super) fn undeserialized() -> Exception {
        Exception { kind: ExceptionKind::Deserialization, ..Exception::thrown(DESERIALIZATION, "failed to deserialize") }
    }

    /// An exception thrown by the listener.
    pub fn thrown(class: &str, message: &str) -> Exception {
        Exception { class: Arc::from(class), message: Arc::from(message), kind: ExceptionKind::Plain }
    }

    /// An exception of the container or of the Kafka client.
    pub fn of_container(class: &str, message: &str) -> Exception {
        Exception { kind: ExceptionKind::Container, ..Exception::thrown(class, message) }
    }

    /// A `java.lang.Error`.
    pub fn error() -> Exception {
        Exception { kind: ExceptionKind::Error, ..Exception::thrown("java.lang.Error", "boom") }
    }

    /// Whether it is an `Error`, which no handler sees.
    pub fn is_error(&self) -> bool {
        self.kind == ExceptionKind::Error
    }

    /// Whether it says that the member is no longer in its group.
    pub fn is_commit_failed(&self) -> bool {
        &*self.class == COMMIT_FAILED
    }

    /// Whether it says that another producer, or another member, has taken the place of this one.
    pub fn is_fenced(&self) -> bool {
        matches!(self.class.rsplit('.').next(), Some("ProducerFencedException" | "FencedInstanceIdException"))
    }

    /// Whether the classifier of the `DefaultErrorHandler` takes it for fatal without being told
    /// (D8, `ExceptionClassifier#defaultFatalExceptionsList`).
    pub fn is_fatal_by_default(&self) -> bool {
        self.classified(|class| Exception::is_fatal_class(class).then_some(())).is_some()
    }

    /// Whether the classifier lists the class as fatal.
    pub(super) fn is_fatal_class(class: &str) -> bool {
        FATAL.contains(&class)
    }

    /// What the nearest class says that says anything: that of a `BatchListenerFailedException` before that of its cause, each
    /// with all that it extends (`ExceptionMatcher`, traversing causes).
    pub(super) fn classified<T>(&self, mut says: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let of_batch = matches!(self.kind, ExceptionKind::BatchListenerFailed { .. });
        let wrapping = of_batch.then(|| ancestors(BATCH_FAILED).find_map(&mut says)).flatten();
        wrapping.or_else(|| ancestors(&self.class).find_map(says))
    }
}

/// Whether a class is, or extends, another.
pub(super) fn is_a(class: &str, other: &str) -> bool {
    ancestors(class).any(|c| c == other)
}

/// Fatal without being told.
const FATAL: [&str; 6] = [
    DESERIALIZATION,
    "org.springframework.messaging.converter.MessageConversionException",
    "org.springframework.kafka.support.converter.ConversionException",
    "org.springframework.messaging.handler.invocation.MethodArgumentResolutionException",
    "java.lang.NoSuchMethodException",
    "java.lang.ClassCastException",
];

const RUNTIME: &str = "java.lang.RuntimeException";
const NESTED: &str = "org.springframework.core.NestedRuntimeException";
const MESSAGING: &str = "org.springframework.messaging.MessagingException";
const KAFKA: &str = "org.apache.kafka.common.KafkaException";
const OUT_OF_BOUNDS: &str = "java.lang.IndexOutOfBoundsException";

/// Classes that extend another than `RuntimeException`, and which.
const EXTENDS: [(&str, &str); 24] = [
    (RUNTIME, "java.lang.Exception"),
    ("java.lang.Error", "java.lang.Throwable"),
    ("java.lang.Exception", "java.lang.Throwable"),
    ("java.io.IOException", "java.lang.Exception"),
    ("java.lang.ReflectiveOperationException", "java.lang.Exception"),
    ("java.lang.NoSuchMethodException", "java.lang.ReflectiveOperationException"),
    ("java.lang.NumberFormatException", ILLEGAL_ARGUMENT),
    ("java.lang.IllegalThreadStateException", ILLEGAL_ARGUMENT),
    ("java.util.concurrent.CancellationException", ILLEGAL_STATE),
    ("java.lang.ArrayIndexOutOfBoundsException", OUT_OF_BOUNDS),
    ("java.lang.StringIndexOutOfBoundsException", OUT_OF_BOUNDS),
    ("java.util.InputMismatchException", "java.util.NoSuchElementException"),
    (NESTED, RUNTIME),
    (SPRING_KAFKA, NESTED),
    (LISTENER_FAILED, SPRING_KAFKA),
    (BATCH_FAILED, SPRING_KAFKA),
    (DESERIALIZATION, SPRING_KAFKA),
    ("org.springframework.kafka.support.converter.ConversionException", SPRING_KAFKA),
    (MESSAGING, NESTED),
    ("org.springframework.messaging.converter.MessageConversionException", MESSAGING),
    ("org.springframework.messaging.handler.invocation.MethodArgumentResolutionException", MESSAGING),
    (COMMIT_FAILED, KAFKA),
    ("org.apache.kafka.common.errors.ApiException", KAFKA),
    ("org.apache.kafka.common.errors.SerializationException", KAFKA),
];

/// A class and what it extends, nearest first. A class that the table does not know is taken for a `RuntimeException`, or for
/// one of Kafka's.
fn ancestors(class: &str) -> impl Iterator<Item = &str> {
    let above = |class: &&str| match EXTENDS.iter().find(|(sub, _)| sub == class) {
        Some((_, extends)) => Some(*extends),
        None if *class == "java.lang.Throwable" => None,
        None if *class != KAFKA && class.starts_with("org.apache.kafka.") => Some("org.apache.kafka.common.errors.ApiException"),
        None => Some(RUNTIME),
    };
    std::iter::successors(Some(class), above)
}

impl From<&KafkaException> for Exception {
    /// The client's exception under its full class name.
    fn from(exception: &KafkaException) -> Exception {
        const OF_CONSUMER: [&str; 5] = [
            "CommitFailedException",
            "RetriableCommitFailedException",
            "NoOffsetForPartitionException",
            "OffsetOutOfRangeException",
            "InvalidOffsetException",
        ];
        const OF_JAVA: [&str; 2] = ["IllegalStateException", "IllegalArgumentException"];
        let class = exception.class;
        let package = if OF_CONSUMER.contains(&class) {
            "org.apache.kafka.clients.consumer"
        } else if OF_JAVA.contains(&class) {
            "java.lang"
        } else if class == "KafkaException" {
            "org.apache.kafka.common"
        } else {
            "org.apache.kafka.common.errors"
        };
        let message = match class {
            "CommitFailedException" => {
                "Offset commit cannot be completed since the consumer is not part of an active group for auto partition assignment; \
                 it is likely that the consumer was kicked out of the group."
            }
            _ => "",
        };
        Exception::of_container(&format!("{package}.{class}"), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d8_a_class_counts_for_all_that_extend_it() {
        let says = |class: &str, listed: &str| Exception::thrown(class, "boom").classified(|c| (c == listed).then_some(())).is_some();
        assert!(says("java.lang.NumberFormatException", ILLEGAL_ARGUMENT));
        assert!(says("java.lang.NumberFormatException", RUNTIME));
        assert!(!says(ILLEGAL_ARGUMENT, "java.lang.NumberFormatException"));
        assert!(says("com.example.Own", RUNTIME));
        assert!(!says(ILLEGAL_STATE, SPRING_KAFKA), "what wraps every exception of a listener is not asked");
        let of_batch = Exception { kind: ExceptionKind::BatchListenerFailed { index: 0 }, ..Exception::thrown(ILLEGAL_STATE, "") };
        assert_eq!(of_batch.classified(|c| (c == SPRING_KAFKA).then_some(())), Some(()));
        assert!(Exception::thrown("java.lang.ClassCastException", "").is_fatal_by_default());
        assert!(!Exception::thrown(ILLEGAL_STATE, "").is_fatal_by_default());
        let nearest = Exception::thrown("java.lang.NumberFormatException", "").classified(|c| match c {
            ILLEGAL_ARGUMENT => Some(1),
            RUNTIME => Some(2),
            _ => None,
        });
        assert_eq!(nearest, Some(1));
    }

    #[test]
    fn every_line_of_ancestors_ends() {
        for (class, _) in EXTENDS {
            assert_eq!(ancestors(class).last(), Some("java.lang.Throwable"), "{class}");
        }
    }
}
