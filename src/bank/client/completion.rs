//! How a client learns that its command is done: it asks, or it is told (F10). Whatever it is told is a hint, and may be lost
//! or come again; the status is what counts.

use super::{Client, Pending, PendingStage};
use crate::bank::config::{BankConfig, Channel};
use crate::bank::effect::{DbError, Direction, Effect, Link, Message, Timer, hop};
use crate::bank::fact::{Fact, FactKind};
use crate::bank::ids::CommandId;
use crate::kernel::SimTime;

/// How often a client that is told looks at the status of what it waits for all the same, in microseconds: a notice is a
/// hint, and may be lost without a sign (F10).
pub const SSE_REREAD_US: u64 = 15_000_000;
/// The same for somebody who waits for a mail.
pub const EMAIL_REREAD_US: u64 = 600_000_000;

impl Client {
    /// Sets the time of the next look at the status URL: soon when polling, late when it is only a precaution.
    pub(super) fn poll_later(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        let pause = match config.client.channel {
            Channel::Polling => config.client.poll_interval_us.max(1_000),
            // The request itself waits. If nothing comes of it, not even that there is nothing to say, it was lost.
            Channel::LongPolling => config.query.long_poll_us.saturating_add(config.client.request_timeout_us),
            _ if !config.client.reread_on_reconnect => return,
            Channel::Email => EMAIL_REREAD_US,
            Channel::Sse | Channel::WebSocket | Channel::Push | Channel::Webhook => SSE_REREAD_US,
        };
        let Some(pending) = self.pending.get_mut(&id) else { return };
        pending.ask += 1;
        let timer = Timer::ClientPoll { client: self.index, id, ask: pending.ask };
        out.push(Effect::Timer { at: now + pause, timer });
    }

    /// Begins to wait for completion.
    pub(super) fn await_completion(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        if config.client.channel == Channel::LongPolling {
            self.ask_status(id, out);
        }
        self.poll_later(now, config, id, out);
    }

    /// Looks at the status URL, and will again.
    pub(in crate::bank) fn on_poll_due(&mut self, now: SimTime, config: &BankConfig, id: CommandId, ask: u32, out: &mut Vec<Effect>) {
        if self.pending.get(&id).is_some_and(|pending| pending.ask == ask) {
            self.ask_status(id, out);
            self.poll_later(now, config, id, out);
        }
    }

    fn ask_status(&self, id: CommandId, out: &mut Vec<Effect>) {
        let message = Message::StatusRequest { client: self.index, id };
        hop(out, Link::Completion, Direction::Request, message);
    }

    /// The status URL answered.
    pub(in crate::bank) fn on_status(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        id: CommandId,
        done: Result<bool, DbError>,
        out: &mut Vec<Effect>,
    ) {
        match done {
            Ok(true) => self.complete(now, id, out),
            Ok(false) if self.awaits(id) => {
                out.push(Effect::Fact(Fact::of(id, FactKind::StatusInProgress { client: self.index })));
                if config.client.channel == Channel::LongPolling {
                    self.await_completion(now, config, id, out);
                }
            }
            Err(_) if config.client.channel == Channel::LongPolling && self.awaits(id) => {
                // Nobody is there who could hold the request: asks again after a pause, as a poller does.
                let Some(pending) = self.pending.get_mut(&id) else { return };
                pending.ask += 1;
                let timer = Timer::ClientPoll { client: self.index, id, ask: pending.ask };
                out.push(Effect::Timer { at: now + config.client.poll_interval_us.max(1_000), timer });
            }
            _ => {}
        }
    }

    /// A notice came.
    pub(in crate::bank) fn on_notice(&mut self, now: SimTime, by: Channel, id: CommandId, sequence: u32, out: &mut Vec<Effect>) {
        match by {
            Channel::Sse | Channel::WebSocket if self.connected => {
                self.last_event_id = self.last_event_id.max(sequence);
                self.complete(now, id, out);
            }
            // A push is a hint without content: the device wakes and asks.
            Channel::Push if self.connected && self.awaits(id) => self.ask_status(id, out),
            Channel::Webhook if self.connected => {
                hop(out, Link::Completion, Direction::Request, Message::NoticeAck { client: self.index, id, sequence });
                self.told(now, id, out);
            }
            Channel::Email | Channel::Push => self.told(now, id, out),
            _ => {}
        }
    }

    /// It is told that a command is done, for the first time or again.
    fn told(&mut self, now: SimTime, id: CommandId, out: &mut Vec<Effect>) {
        if self.awaits(id) {
            self.complete(now, id, out);
        } else {
            self.counters.repeated_count += 1;
            out.push(Effect::Fact(Fact::of(id, FactKind::NoticeRepeated { client: self.index })));
        }
    }

    fn complete(&mut self, now: SimTime, id: CommandId, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.remove(&id) else { return };
        self.view_has(id);
        self.counters.completed_count += 1;
        let kind = FactKind::CompletionNoticed { client: self.index, waited_us: now.since(pending.issued_at) };
        out.push(Effect::Fact(Fact::of(id, kind)));
    }

    /// The connection broke (or the device, or the webhook's host, is away); it will be back.
    pub(in crate::bank) fn on_disconnect(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        if self.connected {
            self.connected = false;
            let (client, channel) = (self.index, config.client.channel);
            let kind =
                if channel == Channel::Sse { FactKind::SseDisconnected { client } } else { FactKind::ChannelDown { client, channel } };
            out.push(Effect::Fact(Fact::plain(kind)));
        }
        self.connection += 1;
        let timer = Timer::ClientReconnect { client: self.index, connection: self.connection };
        out.push(Effect::Timer { at: now + config.client.sse_reconnect_us.max(1_000), timer });
    }

    /// Whether a timer to connect again is still meant.
    pub(in crate::bank) fn wants_connection(&self, config: &BankConfig, connection: u32) -> bool {
        !self.connected && connection == self.connection && config.client.channel.can_break()
    }

    /// The last notice it saw.
    pub(in crate::bank) fn last_event_id(&self) -> u32 {
        self.last_event_id
    }

    /// The connection is open, or the device is back.
    pub(in crate::bank) fn on_connected(&mut self, config: &BankConfig, out: &mut Vec<Effect>) {
        self.connected = true;
        if self.connection > 0 {
            let (client, channel) = (self.index, config.client.channel);
            let kind = if channel == Channel::Sse { FactKind::SseConnected { client } } else { FactKind::ChannelUp { client, channel } };
            out.push(Effect::Fact(Fact::plain(kind)));
        }
        if config.client.reread_on_reconnect {
            for id in self.pending.keys() {
                self.ask_status(*id, out);
            }
        }
    }

    /// It wants no connection any more.
    pub(in crate::bank) fn hang_up(&mut self) {
        self.connected = false;
        self.connection += 1;
    }

    /// It can be reached without a connection of its own.
    pub(in crate::bank) fn come_online(&mut self) {
        self.connected = true;
        self.connection += 1;
    }

    /// From now on it learns in another way of whatever it waits for.
    pub(in crate::bank) fn await_all(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        let waiting = |p: &Pending| matches!(p.stage, PendingStage::Completion { .. });
        let ids: Vec<CommandId> = self.pending.iter().filter(|(_, p)| waiting(p)).map(|(id, _)| *id).collect();
        for id in ids {
            self.await_completion(now, config, id, out);
        }
    }
}
