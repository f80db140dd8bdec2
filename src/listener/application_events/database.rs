//! A small database with connections: what is committed, and what each connection has written and not committed.
//! Does not know who writes.

use crate::kernel::SortedMap;
use std::sync::Arc;

/// A connection, by number.
pub(super) type ConnectionId = u32;

/// Tables of one column, and the connections that are open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Database {
    tables: SortedMap<Arc<str>, Vec<Arc<str>>>,
    connections: SortedMap<ConnectionId, Connection>,
    next: ConnectionId,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Connection {
    auto_commit: bool,
    written: Vec<(Arc<str>, Arc<str>)>,
}

impl Database {
    /// A database with these empty tables.
    pub fn new(tables: impl IntoIterator<Item = Arc<str>>) -> Database {
        Database { tables: tables.into_iter().map(|name| (name, Vec::new())).collect(), ..Database::default() }
    }

    /// Whether the table exists.
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// Opens a connection.
    pub fn open(&mut self, auto_commit: bool) -> ConnectionId {
        self.next += 1;
        self.connections.insert(self.next, Connection { auto_commit, written: Vec::new() });
        self.next
    }

    /// Switches auto-commit. Switching it on commits what is open, as JDBC says.
    pub fn set_auto_commit(&mut self, connection: ConnectionId, on: bool) {
        if on {
            self.commit(connection);
        }
        self.connection(connection).auto_commit = on;
    }

    /// Writes a row.
    pub fn insert(&mut self, connection: ConnectionId, table: Arc<str>, value: Arc<str>) {
        let connection_state = self.connection(connection);
        connection_state.written.push((table, value));
        if connection_state.auto_commit {
            self.commit(connection);
        }
    }

    /// Rows that this connection sees: what is committed and what it wrote itself.
    pub fn count(&mut self, connection: ConnectionId, table: &str) -> u64 {
        let own = self.connection(connection).written.iter().filter(|(t, _)| &**t == table).count();
        (self.tables.get(table).map_or(0, Vec::len) + own) as u64
    }

    /// Makes what the connection wrote visible to all.
    pub fn commit(&mut self, connection: ConnectionId) {
        let written = std::mem::take(&mut self.connection(connection).written);
        for (table, value) in written {
            self.tables.entry(table).or_default().push(value);
        }
    }

    /// Forgets what the connection wrote.
    pub fn rollback(&mut self, connection: ConnectionId) {
        self.connection(connection).written.clear();
    }

    /// Gives the connection back; what is not committed is lost.
    pub fn close(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
    }

    /// The committed rows of a table, sorted.
    pub fn rows(&self, table: &str) -> Vec<Arc<str>> {
        let mut rows = self.tables.get(table).cloned().unwrap_or_default();
        crate::kernel::sort(&mut rows);
        rows
    }

    fn connection(&mut self, id: ConnectionId) -> &mut Connection {
        self.connections.get_mut(&id).expect("a connection is used only while it is open")
    }
}
