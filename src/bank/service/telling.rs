//! How the bank reaches its clients: connections, devices, webhooks, and what becomes of a notice (F10).

use super::Bank;
use crate::bank::client::Client;
use crate::bank::config::Channel;
use crate::bank::effect::{Direction, Effect, Link, Message, hop};
use crate::bank::fact::{Fact, FactKind};
use crate::bank::ids::{ClientIndex, CommandId};
use crate::kernel::SimTime;

impl Bank {
    pub(super) fn change_channel(&mut self, now: SimTime, client: ClientIndex, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        if config.client.channel.is_connection() {
            return self.connect(now, client, out);
        }
        self.query_api.disconnect(client);
        let entry = &mut self.clients[client.index()];
        entry.hang_up();
        if config.client.channel.can_break() {
            entry.come_online();
        }
        entry.await_all(now, &config, out);
    }

    pub(super) fn connect(&mut self, now: SimTime, client: ClientIndex, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let Some(entry) = self.clients.get_mut(client.index()) else { return };
        if self.query_api.connect(&config, client, entry.last_event_id(), out) {
            entry.on_connected(&config, out);
        } else {
            entry.on_disconnect(now, &config, out);
        }
    }

    /// Breaks the connection of a client, or takes its device or its webhook's host away; it is back after its pause (F10).
    pub fn break_connection(&mut self, now: SimTime, client: ClientIndex, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        if config.client.channel.can_break() && self.clients.get(client.index()).is_some_and(Client::is_connected) {
            self.query_api.disconnect(client);
            self.clients[client.index()].on_disconnect(now, &config, out);
        }
    }

    /// What a client is reached by is there again.
    pub(super) fn come_back(&mut self, now: SimTime, client: ClientIndex, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        if config.client.channel.is_connection() {
            return self.connect(now, client, out);
        }
        self.clients[client.index()].on_connected(&config, out);
        let (delivered, expired) = self.push.deliver(now, config.query.push_ttl_us, client);
        for kept in delivered {
            let notice = Message::Notice { client, id: kept.id, sequence: kept.sequence, by: Channel::Push };
            hop(out, Link::Completion, Direction::Response, notice);
        }
        out.extend(expired.into_iter().map(|kept| Effect::Fact(Fact::of(kept.id, FactKind::NoticeLost { client }))));
    }

    /// A notice comes to a client. What a push service cannot deliver, it keeps.
    pub(super) fn notice(
        &mut self,
        now: SimTime,
        (client, id, sequence, by): (ClientIndex, CommandId, u32, Channel),
        out: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.clients.get_mut(client.index()) else { return };
        if by != Channel::Push || entry.is_connected() {
            return entry.on_notice(now, by, id, sequence, out);
        }
        let lost = self.push.keep(now, self.config.query.push_ttl_us, client, id, sequence);
        out.extend(lost.into_iter().map(|id| Effect::Fact(Fact::of(id, FactKind::NoticeLost { client }))));
    }
}
