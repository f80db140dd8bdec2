//! Spring's application events: the in-process way to consume (F7). One process, one caller's thread, a database with
//! transactions, listeners with their annotations.
//!
//! Has never heard of Kafka, nor of time: everything here happens within one call of the service, in an order that
//! Spring fixes. The rules are those of `ApplicationEventMulticaster`, `TransactionalApplicationListenerSynchronization`
//! and `JdbcTransactionManager`.

mod annotations;
mod application;
mod database;

pub use annotations::{AnnotationError, Annotations, ListenerKind, Phase, Propagation};
pub use application::{Application, ApplicationFact, Bean, Lane, Seen, Step};
pub use database::Database;
