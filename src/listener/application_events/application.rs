//! The application: a service method that runs in a transaction or not, publishes events, and the listeners that get them.
//! Knows no clock: an asynchronous listener runs when the caller waits for it, or after the caller is done.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::database::ConnectionId;
use super::{Annotations, Database, ListenerKind, Phase, Propagation};

/// The longest chain of events published by listeners before the model stops it as endless.
const NESTING_MAX: u32 = 64;

/// The most calls of listeners that one call of the service leads to: two listeners that publish what both listen to would
/// make more of them than anybody can wait for, however bounded their chain is.
const INVOCATIONS_MAX: u32 = 1_024;

/// What ends an endless chain.
const STACK_OVERFLOW: &str = "java.lang.StackOverflowError";

/// One thing that a service method or a listener does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Writes a row.
    Insert {
        /// The table.
        table: Arc<str>,
        /// The row.
        value: Arc<str>,
    },
    /// Counts the rows that it sees.
    Count {
        /// The table.
        table: Arc<str>,
    },
    /// Publishes an event.
    Publish {
        /// The event's name.
        event: Arc<str>,
        /// Whether an exception of a listener is caught right there.
        catch: bool,
    },
    /// Throws an exception of this class.
    Throw(Arc<str>),
    /// Marks the running transaction for rollback.
    RollbackOnly,
    /// Waits until the asynchronous listeners are done.
    AwaitListeners,
    /// The step, only for this event.
    IfEvent(Arc<str>, Box<Step>),
}

/// A listener bean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bean {
    /// Its name.
    pub name: Arc<str>,
    /// Its annotations.
    pub annotations: Annotations,
    /// What its method does, in order.
    pub does: Vec<Step>,
}

/// The thread on which something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The caller's.
    Caller,
    /// The executor's.
    Async,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ApplicationFact {
    /// A listener was called; whether `isActualTransactionActive()` holds there.
    Listener(Arc<str>, Arc<str>, bool),
    /// A row was written: table, value.
    Inserted(Arc<str>, Arc<str>),
    /// Rows were counted: table, number.
    Counted(Arc<str>, u64),
    /// The publisher went on.
    PublishReturned(Arc<str>),
    /// The publisher got this exception.
    PublishThrew(Arc<str>),
    /// An asynchronous listener ended.
    ListenerDone(Arc<str>),
    /// The `AsyncUncaughtExceptionHandler` got this exception.
    AsyncUncaught(Arc<str>),
    /// The service's caller got its return.
    CallerReturned,
    /// The service's caller got this exception.
    CallerThrew(Arc<str>),
    /// Spring does not start.
    ContextFailed,
}

/// A fact and its thread.
pub type Seen = (Lane, ApplicationFact);

/// The exception's class.
type Thrown = Arc<str>;

/// A transaction of one thread: `TransactionSynchronizationManager` and the connection that is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Transaction {
    connection: ConnectionId,
    rollback_only: bool,
    /// False once completion callbacks run: nothing more can be registered.
    synchronization_active: bool,
    /// (listener, event), in the order of registration.
    synchronizations: Vec<(u32, Arc<str>)>,
}

/// An application with its database and listeners.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Application {
    beans: Vec<Bean>,
    /// The database.
    pub database: Database,
    connections_auto_commit: bool,
    /// Suspended transactions below the running one, of the thread that runs.
    transactions: Vec<Transaction>,
    lane: Lane,
    queued: Vec<(u32, Arc<str>)>,
    /// How many publications of events are under way, each inside the one before.
    nesting: u32,
    /// How many listeners are being called, each inside the one before.
    depth: u32,
    /// How many listeners were called since the service was.
    invocations: u32,
    facts: Vec<Seen>,
}

impl Application {
    /// An application. `connections_auto_commit`: whether connections come with auto-commit on, as from drivers and most pools.
    pub fn new(beans: Vec<Bean>, database: Database, connections_auto_commit: bool) -> Application {
        Application {
            beans,
            database,
            connections_auto_commit,
            transactions: Vec::new(),
            lane: Lane::Caller,
            queued: Vec::new(),
            nesting: 0,
            depth: 0,
            invocations: 0,
            facts: Vec::new(),
        }
    }

    /// What was seen so far.
    pub fn facts(&self) -> &[Seen] {
        &self.facts
    }

    /// Starts the context; false if Spring refuses to (`RestrictedTransactionalEventListenerFactory`).
    pub fn start(&mut self) -> bool {
        let refused = self.beans.iter().any(|bean| bean.annotations.is_refused());
        if refused {
            self.see(ApplicationFact::ContextFailed);
        }
        !refused
    }

    /// Calls the service: `steps` in a transaction or not, then what its caller sees, then the listeners still queued.
    pub fn call(&mut self, steps: &[Step], in_transaction: bool) {
        self.invocations = 0;
        let result = if in_transaction { self.in_transaction(|app| app.run(steps, None)) } else { self.run(steps, None) };
        self.see(match result {
            Ok(()) => ApplicationFact::CallerReturned,
            Err(class) => ApplicationFact::CallerThrew(class),
        });
        self.run_queued();
    }

    fn see(&mut self, fact: ApplicationFact) {
        self.facts.push((self.lane, fact));
    }

    /// `TransactionTemplate`/`JdbcTransactionManager`: begin, do, commit or roll back, clean up.
    fn in_transaction(&mut self, body: impl FnOnce(&mut Application) -> Result<(), Thrown>) -> Result<(), Thrown> {
        let connection = self.database.open(self.connections_auto_commit);
        self.database.set_auto_commit(connection, false);
        self.transactions.push(Transaction {
            connection,
            rollback_only: false,
            synchronization_active: true,
            synchronizations: Vec::new(),
        });
        let mut result = body(self);
        let mut committed = result.is_ok() && !self.running().rollback_only;
        if committed && let Err(class) = self.before_commit() {
            result = Err(class);
            committed = false;
        }
        if committed {
            self.database.commit(connection);
        } else {
            self.database.rollback(connection);
        }
        self.after_completion(committed);
        self.transactions.pop();
        // The connection is given back as it came: switching auto-commit on commits what a listener wrote after the
        // commit (F7); with auto-commit off nobody does, and it is lost.
        if self.connections_auto_commit {
            self.database.set_auto_commit(connection, true);
        }
        self.database.close(connection);
        result
    }

    fn running(&mut self) -> &mut Transaction {
        self.transactions.last_mut().expect("called inside a transaction")
    }

    /// The synchronizations by `@Order`, those of one order as registered.
    fn synchronizations(&mut self) -> Vec<(u32, Arc<str>)> {
        let mut all = self.running().synchronizations.clone();
        crate::kernel::sort_by_key(&mut all, |(bean, _)| self.beans[*bean as usize].annotations.order.unwrap_or(i32::MAX));
        all
    }

    fn before_commit(&mut self) -> Result<(), Thrown> {
        for (bean, event) in self.synchronizations() {
            if self.phase(bean) == Some(Phase::BeforeCommit) {
                self.invoke_or_queue(bean, &event)?;
            }
        }
        Ok(())
    }

    /// `TransactionSynchronizationUtils#invokeAfterCompletion`: what a listener throws is logged and swallowed.
    fn after_completion(&mut self, committed: bool) {
        let all = self.synchronizations();
        self.running().synchronization_active = false;
        for (bean, event) in all {
            let due = match self.phase(bean) {
                Some(Phase::AfterCompletion) => true,
                Some(Phase::AfterCommit) => committed,
                Some(Phase::AfterRollback) => !committed,
                Some(Phase::BeforeCommit) | None => false,
            };
            if due {
                let _swallowed = self.invoke_or_queue(bean, &event);
            }
        }
    }

    fn phase(&self, bean: u32) -> Option<Phase> {
        match self.beans[bean as usize].annotations.kind {
            ListenerKind::Transactional { phase, .. } => Some(phase),
            ListenerKind::Event => None,
        }
    }

    fn run(&mut self, steps: &[Step], event: Option<&Arc<str>>) -> Result<(), Thrown> {
        steps.iter().try_for_each(|step| self.step(step, event))
    }

    fn step(&mut self, step: &Step, event: Option<&Arc<str>>) -> Result<(), Thrown> {
        match step {
            Step::Insert { table, value } => {
                self.with_connection(|db, connection| db.insert(connection, table.clone(), value.clone()));
                self.see(ApplicationFact::Inserted(table.clone(), value.clone()));
                Ok(())
            }
            Step::Count { table } => {
                let count = self.with_connection(|db, connection| db.count(connection, table));
                self.see(ApplicationFact::Counted(table.clone(), count));
                Ok(())
            }
            Step::Publish { event: published, catch } => self.publish_step(published, *catch, event.is_some()),
            Step::Throw(class) => Err(class.clone()),
            Step::RollbackOnly => {
                // `TransactionInterceptor.currentTransactionStatus()` throws where there is none.
                let transaction = self.transactions.last_mut();
                let transaction = transaction.ok_or_else(|| Thrown::from("org.springframework.transaction.NoTransactionException"))?;
                transaction.rollback_only = true;
                Ok(())
            }
            Step::AwaitListeners => {
                self.run_queued();
                Ok(())
            }
            Step::IfEvent(wanted, inner) if event == Some(wanted) => self.step(inner, event),
            Step::IfEvent(..) => Ok(()),
        }
    }

    /// Publishes; the service's own publications are seen to return or to throw.
    fn publish_step(&mut self, event: &Arc<str>, catch: bool, from_listener: bool) -> Result<(), Thrown> {
        let result = self.publish(event);
        if from_listener {
            return result;
        }
        match result {
            Ok(()) => {
                self.see(ApplicationFact::PublishReturned(event.clone()));
                Ok(())
            }
            Err(class) => {
                self.see(ApplicationFact::PublishThrew(class.clone()));
                if catch { Ok(()) } else { Err(class) }
            }
        }
    }

    /// The bound connection, or one for this statement alone.
    fn with_connection<T>(&mut self, act: impl FnOnce(&mut Database, ConnectionId) -> T) -> T {
        if let Some(transaction) = self.transactions.last() {
            return act(&mut self.database, transaction.connection);
        }
        let connection = self.database.open(self.connections_auto_commit);
        let result = act(&mut self.database, connection);
        self.database.close(connection);
        result
    }

    /// `SimpleApplicationEventMulticaster`: every listener by `@Order`; the first exception ends it and reaches the publisher.
    fn publish(&mut self, event: &Arc<str>) -> Result<(), Thrown> {
        if self.nesting == NESTING_MAX {
            return Err(Arc::from(STACK_OVERFLOW));
        }
        self.nesting += 1;
        let mut order: Vec<u32> = (0..self.beans.len() as u32).collect();
        crate::kernel::sort_by_key(&mut order, |bean| self.beans[*bean as usize].annotations.order.unwrap_or(i32::MAX));
        let result = order.into_iter().try_for_each(|bean| self.give(bean, event));
        self.nesting -= 1;
        result
    }

    /// Gives an event to one listener: now, at a phase of the running transaction, or not at all.
    fn give(&mut self, bean: u32, event: &Arc<str>) -> Result<(), Thrown> {
        let ListenerKind::Transactional { fallback_execution, .. } = self.beans[bean as usize].annotations.kind else {
            return self.invoke_or_queue(bean, event);
        };
        match self.transactions.last_mut() {
            Some(transaction) if transaction.synchronization_active => {
                transaction.synchronizations.push((bean, event.clone()));
                Ok(())
            }
            _ if fallback_execution => self.invoke_or_queue(bean, event),
            _ => Ok(()),
        }
    }

    fn invoke_or_queue(&mut self, bean: u32, event: &Arc<str>) -> Result<(), Thrown> {
        if self.beans[bean as usize].annotations.on_other_thread {
            self.queued.push((bean, event.clone()));
            return Ok(());
        }
        self.invoke(bean, event)
    }

    fn invoke(&mut self, bean: u32, event: &Arc<str>) -> Result<(), Thrown> {
        if self.depth == NESTING_MAX || self.invocations == INVOCATIONS_MAX {
            return Err(Arc::from(STACK_OVERFLOW));
        }
        self.invocations += 1;
        self.depth += 1;
        let result = self.invoke_as_annotated(bean, event);
        self.depth -= 1;
        result
    }

    fn invoke_as_annotated(&mut self, bean: u32, event: &Arc<str>) -> Result<(), Thrown> {
        match self.beans[bean as usize].annotations.transactional {
            Some(Propagation::RequiresNew) => self.in_transaction(|app| app.call_method(bean, event)),
            Some(Propagation::Required) if self.transactions.is_empty() => self.in_transaction(|app| app.call_method(bean, event)),
            Some(Propagation::NotSupported) => {
                let suspended = std::mem::take(&mut self.transactions);
                let result = self.call_method(bean, event);
                self.transactions = suspended;
                result
            }
            Some(Propagation::Required) | None => self.call_method(bean, event),
        }
    }

    fn call_method(&mut self, bean: u32, event: &Arc<str>) -> Result<(), Thrown> {
        let Bean { name, does, .. } = self.beans[bean as usize].clone();
        let active = !self.transactions.is_empty();
        self.see(ApplicationFact::Listener(name, event.clone(), active));
        self.run(&does, Some(event))
    }

    /// The executor's thread: no transaction of the caller's is bound there.
    fn run_queued(&mut self) {
        while !self.queued.is_empty() {
            let (bean, event) = self.queued.remove(0);
            let suspended = std::mem::take(&mut self.transactions);
            let lane = std::mem::replace(&mut self.lane, Lane::Async);
            let result = self.invoke(bean, &event);
            self.see(ApplicationFact::ListenerDone(self.beans[bean as usize].name.clone()));
            if let Err(class) = result {
                self.see(ApplicationFact::AsyncUncaught(class));
            }
            self.lane = lane;
            self.transactions = suspended;
        }
    }
}
