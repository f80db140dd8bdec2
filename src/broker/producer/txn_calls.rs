//! Transactional calls on the wire: the coordinator is found, asked, asked again (`TransactionManager`'s handlers).

use super::transactions::{Call, Status};
use super::{Asked, Producer, ProducerEffect};
use crate::broker::{ErrorCode, GroupRequest, GroupResponse, KafkaException, Request, Response, TxnRequest, TxnResponse, us};
use crate::kernel::SimTime;

impl Producer {
    /// Sends the request of the first call that waits, if it may be sent.
    pub(super) fn drive_txn(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        loop {
            self.fail_calls_after_an_error(out);
            let Some(txn) = &self.txn else { return };
            let Some(front) = txn.calls.front().filter(|_| !txn.asking && now >= txn.not_before) else { return };
            let call = front.call.clone();
            if let Call::End { committed } = call {
                if !committed {
                    self.abort_undrained(out);
                }
                if self.oldest_unfinished().is_some() || !self.pending.is_empty() {
                    return;
                }
                if !self.txn.as_ref().is_some_and(|t| t.started) {
                    // Nothing was added: no broker needs to know (E1).
                    self.finish_call(Ok(()), Status::Ready, out);
                    continue;
                }
            }
            return self.ask(now, call, out);
        }
    }

    fn ask(&mut self, now: SimTime, call: Call, out: &mut Vec<ProducerEffect>) {
        let producer = self.identity.unwrap_or_default();
        let timeout_us = us(u64::try_from(self.config.transaction_timeout_ms).unwrap_or(0));
        let Some(txn) = &mut self.txn else { return };
        txn.asking = true;
        let id = txn.id.clone();
        let (coordinator, find, request) = match call {
            Call::SendOffsets { group, offsets, member_id, generation } => {
                let known = txn.group_coordinator.as_ref().filter(|(of, _)| *of == group).map(|(_, broker)| *broker);
                let find = Request::FindCoordinator { key: group.clone(), transactional: false };
                let request = GroupRequest::TxnOffsetCommit { producer, member_id, generation, offsets };
                (known, find, Request::Group { group, request })
            }
            Call::Init | Call::End { .. } => {
                let find = Request::FindCoordinator { key: id.clone(), transactional: true };
                let request = match call {
                    Call::End { committed } => TxnRequest::EndTxn { producer, committed },
                    _ => TxnRequest::InitProducerId { timeout_us },
                };
                (txn.coordinator, find, Request::Txn { transactional_id: Some(id), request })
            }
        };
        match coordinator {
            Some(broker) => self.request(now, Some(broker), request, Some(Asked::Txn { find: false }), out),
            None => self.request(now, None, find, Some(Asked::Txn { find: true }), out),
        }
    }

    /// The answer of a coordinator, or of the search for it.
    pub(super) fn on_txn_response(&mut self, now: SimTime, find: bool, response: Response, out: &mut Vec<ProducerEffect>) {
        let Some(txn) = &mut self.txn else { return };
        txn.asking = false;
        let Some(call) = txn.calls.front().map(|c| c.call.clone()) else { return };
        match (response, call) {
            (Response::FindCoordinator { coordinator }, Call::SendOffsets { group, .. }) => {
                txn.group_coordinator = Some((group, coordinator));
            }
            (Response::FindCoordinator { coordinator }, _) => txn.coordinator = Some(coordinator),
            (Response::Txn(TxnResponse::InitProducerId { producer }), Call::Init) => {
                self.sequences.clear();
                self.set_identity(producer, out);
                self.finish_call(Ok(()), Status::Ready, out);
            }
            (Response::Txn(TxnResponse::EndTxn { producer }), Call::End { .. }) => {
                if self.identity != Some(producer) {
                    self.sequences.clear();
                }
                self.set_identity(producer, out);
                self.finish_call(Ok(()), Status::Ready, out);
            }
            (Response::Group(GroupResponse::OffsetCommit { partitions }), Call::SendOffsets { .. }) => {
                match partitions.values().find_map(|error| *error) {
                    Some(error) => self.on_call_error(now, error, false, true, out),
                    None => self.finish_call(Ok(()), Status::InTransaction, out),
                }
            }
            (Response::Error(error), Call::SendOffsets { .. }) => self.on_call_error(now, error, find, true, out),
            (Response::Error(error), _) => self.on_call_error(now, error, find, false, out),
            _ => self.on_call_error(now, ErrorCode::InvalidRequest, find, false, out),
        }
    }

    fn on_call_error(&mut self, now: SimTime, error: ErrorCode, find: bool, of_group: bool, out: &mut Vec<ProducerEffect>) {
        let back_off_us = self.back_off_us(self.txn.as_ref().map_or(0, |t| t.failed_count));
        let Some(txn) = &mut self.txn else { return };
        if find || error.is_retriable() {
            let lost = matches!(error, ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator | ErrorCode::NetworkDisconnect);
            if lost && of_group {
                txn.group_coordinator = None;
            } else if lost {
                txn.coordinator = None;
            }
            txn.failed_count += 1;
            txn.not_before = now + back_off_us;
            return;
        }
        let exception = match error {
            ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch => KafkaException::new("ProducerFencedException"),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::StaleMemberEpoch if of_group => {
                KafkaException::new("CommitFailedException")
            }
            ErrorCode::TransactionalIdNotFound => KafkaException::new("InvalidPidMappingException"),
            // "Unexpected error in InitProducerIdResponse": a timeout that the brokers do not allow.
            ErrorCode::InvalidRequest => KafkaException::new("KafkaException"),
            other => other.exception(),
        };
        let mendable = of_group && (exception.class == "CommitFailedException" || error == ErrorCode::FencedInstanceId);
        let status = if mendable { Status::Abortable(exception.clone()) } else { Status::Fatal(exception.clone()) };
        self.finish_call(Err(exception), status, out);
    }

    /// The first call is done.
    fn finish_call(&mut self, result: Result<(), KafkaException>, status: Status, out: &mut Vec<ProducerEffect>) {
        let Some(txn) = &mut self.txn else { return };
        let Some(done) = txn.calls.pop_front() else { return };
        txn.failed_count = 0;
        // An answer to offsets must not undo an error that came in the meantime, nor the end that was asked for.
        if !(matches!(done.call, Call::SendOffsets { .. }) && result.is_ok()) {
            txn.status = status;
            if txn.status == Status::Ready {
                txn.partitions.clear();
            }
        }
        if let Some(token) = done.token {
            out.push(ProducerEffect::Done { token, result: result.map(|()| None) });
        }
    }

    /// After an error nothing but an abort is sent any more: what waits throws the error itself.
    fn fail_calls_after_an_error(&mut self, out: &mut Vec<ProducerEffect>) {
        let Some(txn) = &mut self.txn else { return };
        let (Status::Abortable(exception) | Status::Fatal(exception)) = &txn.status else { return };
        let exception = exception.clone();
        if !txn.asking {
            for call in txn.calls.drain(..) {
                if let Some(token) = call.token {
                    out.push(ProducerEffect::Done { token, result: Err(exception.clone()) });
                }
            }
        }
        for batch in self.accumulator.take_undrained() {
            self.report_failed(&batch, &exception, out);
        }
    }

    /// An abort drops what was never sent.
    fn abort_undrained(&mut self, out: &mut Vec<ProducerEffect>) {
        for batch in self.accumulator.take_undrained() {
            self.report_failed(&batch, &KafkaException::new("TransactionAbortedException"), out);
        }
        for pending in std::mem::take(&mut self.pending) {
            let result = Err(KafkaException::new("TransactionAbortedException"));
            out.push(ProducerEffect::Done { token: pending.token, result });
        }
    }

    /// Callers that waited for `max.block.ms` are told so; what they asked for goes on.
    pub(super) fn expire_txn_calls(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        let Some(txn) = &mut self.txn else { return };
        for call in txn.calls.iter_mut().filter(|c| c.deadline <= now) {
            if let Some(token) = call.token.take() {
                out.push(ProducerEffect::Done { token, result: Err(KafkaException::new("TimeoutException")) });
            }
        }
    }
}
