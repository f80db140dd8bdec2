//! The bank's processes: they die and are started again.

use super::Bank;
use crate::bank::effect::{Effect, Publisher};
use crate::bank::fact::{Fact, FactKind};
use crate::bank::moment::Process;
use crate::kernel::SimTime;

impl Bank {
    /// A process dies, with whatever it held in memory. What the databases have committed stays.
    /// The world also drops the producer of a dead API or relay.
    pub fn crash(&mut self, now: SimTime, process: Process, out: &mut Vec<Effect>) {
        if !self.is_up(process) {
            return;
        }
        out.push(Effect::Fact(Fact::plain(FactKind::ProcessDown { process })));
        match process {
            Process::Api => {
                for call in self.api.listeners.crash(out) {
                    self.calls.remove(&call);
                }
                self.api.crash(out);
                self.publications.retain(|_, entry| entry.publisher != Publisher::Api);
            }
            Process::Relay => {
                self.relay.crash();
                self.write_db.store.outbox.unlock_all();
                self.publications.retain(|_, entry| entry.publisher != Publisher::Relay);
            }
            Process::WriteDb => self.write_db.crash(out),
            Process::ReadDb => self.read_db.crash(out),
            Process::QueryApi => {
                let config = self.config.clone();
                for client in self.query_api.crash() {
                    self.clients[client.index()].on_disconnect(now, &config, out);
                }
            }
        }
    }

    /// A process is started again.
    pub fn restart(&mut self, now: SimTime, process: Process, out: &mut Vec<Effect>) {
        if self.is_up(process) {
            return;
        }
        out.push(Effect::Fact(Fact::plain(FactKind::ProcessUp { process })));
        match process {
            Process::Api => self.api.restart(),
            Process::Relay => {
                let config = self.config.clone();
                self.relay.restart(now, &config, out);
            }
            Process::WriteDb => self.write_db.restart(),
            Process::ReadDb => self.read_db.restart(),
            Process::QueryApi => self.query_api.restart(),
        }
    }

    /// Whether a process runs.
    pub fn is_up(&self, process: Process) -> bool {
        match process {
            Process::Api => self.api.is_up(),
            Process::Relay => self.relay.is_up(),
            Process::WriteDb => self.write_db.is_up(),
            Process::ReadDb => self.read_db.is_up(),
            Process::QueryApi => self.query_api.is_up(),
        }
    }
}
