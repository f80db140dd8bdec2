//! What the referee found, in a sentence.

use super::{Lang, particles, says};
use crate::bank::Projection;
use crate::pipeline::referee::{Invariant, OrderPlace, ViolationKind};
use crate::ui::format::number;

says! {
    /// What must hold.
    pub(crate) fn invariant(Invariant) {
        NoChangeWithoutEvent: "no change without its event", "이벤트 없는 변경은 없다";
        NoEventWithoutChange: "no event without its change", "변경 없는 이벤트는 없다";
        MoneyConserved: "money is conserved", "돈은 늘지도 줄지도 않는다";
        EveryEventAccounted: "every event is accounted for", "모든 이벤트의 행방을 안다";
        NoEffectTwice: "no effect twice", "두 번 적용되지 않는다";
        OrderPerKey: "order per key", "키마다 순서를 지킨다";
        ViewEqualsFold: "the view equals its events", "뷰는 이벤트의 합과 같다";
        AcknowledgedSurvives: "what was acknowledged survives", "확인된 레코드는 살아남는다";
        OutcomeLearned: "the client learns the outcome", "클라이언트가 결과를 안다";
    }
}

/// A violation in a sentence.
pub(crate) fn sentence(kind: &ViolationKind, lang: Lang) -> String {
    particles(&told(kind, lang))
}

fn told(kind: &ViolationKind, lang: Lang) -> String {
    let en = lang == Lang::En;
    let text = |parts: &[&str]| parts.concat();
    match kind {
        ViolationKind::EventLost { event } => {
            let e = event.to_string();
            if en {
                text(&["The change of event ", &e, " is committed and will never be published: no read model will know."])
            } else {
                text(&["이벤트 ", &e, "의 변경은 커밋되었지만 아무도 발행하지 않습니다. 읽기 모델은 영영 알지 못합니다."])
            }
        }
        ViolationKind::Phantom { event } => {
            let e = event.to_string();
            if en {
                text(&["Event ", &e, " is in the log, and its change was rolled back: it tells of something that never happened."])
            } else {
                text(&["이벤트 ", &e, "은(는) 로그에 있지만 변경은 롤백되었습니다. 일어나지 않은 일을 알리는 이벤트입니다."])
            }
        }
        ViolationKind::MoneyNotConserved { expected, actual } => {
            let (a, b) = (number(*expected), number(*actual));
            if en {
                text(&["All balances together should be ", &a, " and are ", &b, "."])
            } else {
                text(&["모든 잔액의 합은 ", &a, "이어야 하는데 ", &b, "입니다."])
            }
        }
        ViolationKind::EffectWithoutChange { projection, event } => {
            let (p, e) = (name(*projection), event.to_string());
            if en {
                text(&[
                    "A listener wrote event ",
                    &e,
                    " into ",
                    p,
                    ", and then its change was rolled back: the view tells of something that never happened.",
                ])
            } else {
                text(&[
                    "리스너가 이벤트 ",
                    &e,
                    "을(를) ",
                    p,
                    "에 썼는데 변경은 롤백되었습니다. 뷰가 일어나지 않은 일을 알리는 이벤트입니다.",
                ])
            }
        }
        ViolationKind::NeverTold { projection, event } => {
            let (p, e) = (name(*projection), event.to_string());
            if en {
                text(&[
                    "The change of event ",
                    &e,
                    " is committed, and no listener will ever write it into ",
                    p,
                    ": there is no log to read it from again.",
                ])
            } else {
                text(&["이벤트 ", &e, "의 변경은 커밋되었지만 어떤 리스너도 ", p, "에 쓰지 않습니다. 다시 읽을 로그가 없습니다."])
            }
        }
        ViolationKind::EffectLost { projection, event } => {
            let (p, e) = (name(*projection), event.to_string());
            if en {
                text(&["The group of ", p, " has committed past event ", &e, " without ever applying it."])
            } else {
                text(&[p, " 그룹이 이벤트 ", &e, "을(를) 적용하지 않고 지나쳐 커밋했습니다."])
            }
        }
        ViolationKind::Overtaken { projection, event } => {
            let (p, e) = (name(*projection), event.to_string());
            if en {
                text(&["Event ", &e, " was deleted from the log before ", p, " had read it."])
            } else {
                text(&["이벤트 ", &e, "은(는) ", p, "이(가) 읽기 전에 로그에서 지워졌습니다."])
            }
        }
        ViolationKind::EffectTwice { projection, event } => {
            let (p, e) = (name(*projection), event.to_string());
            if en {
                text(&[p, " has applied event ", &e, " twice."])
            } else {
                text(&[p, "이(가) 이벤트 ", &e, "을(를) 두 번 적용했습니다."])
            }
        }
        ViolationKind::CommandTwice { event } => {
            let e = event.to_string();
            if en {
                text(&["One command was carried out twice; the second time made event ", &e, "."])
            } else {
                text(&["명령 하나가 두 번 수행되었습니다. 두 번째에서 나온 것이 이벤트 ", &e, "입니다."])
            }
        }
        ViolationKind::NoticeTwice { event } => {
            let e = event.to_string();
            if en {
                text(&[
                    "transfer-notices has told the customer of event ",
                    &e,
                    " twice: the record was delivered again after its notice was sent, and no idempotency key stopped the second one.",
                ])
            } else {
                text(&[
                    "transfer-notices가 이벤트 ",
                    &e,
                    "을(를) 고객에게 두 번 알렸습니다. 알림을 보낸 뒤 레코드가 다시 전달되었고 멱등성 키도 없었습니다.",
                ])
            }
        }
        ViolationKind::NoticeLost { event } => {
            let e = event.to_string();
            if en {
                text(&[
                    "transfer-notices has accepted the record of event ",
                    &e,
                    " and nobody will tell the customer: it was acknowledged before its work was done.",
                ])
            } else {
                text(&[
                    "transfer-notices가 이벤트 ",
                    &e,
                    "의 레코드를 수락했지만 아무도 고객에게 알리지 않습니다. 처리하기 전에 확인했습니다.",
                ])
            }
        }
        ViolationKind::NoticeOvertaken { event } => {
            let e = event.to_string();
            if en {
                text(&[
                    "Event ",
                    &e,
                    " was deleted from the log before transfer-notices was done with it: its record is archived, the customer never told.",
                ])
            } else {
                text(&[
                    "이벤트 ",
                    &e,
                    "은(는) transfer-notices가 끝내기 전에 로그에서 지워졌습니다. 레코드는 보관 처리되고 고객은 알지 못합니다.",
                ])
            }
        }
        ViolationKind::NoticePassed { event } => {
            let e = event.to_string();
            if en {
                text(&["The start offset of transfer-notices has passed the record of event ", &e, ", and nobody has finished it."])
            } else {
                text(&["transfer-notices의 시작 오프셋이 이벤트 ", &e, "의 레코드를 지나쳤지만 아무도 끝내지 않았습니다."])
            }
        }
        ViolationKind::OrderBroken { place, account, event, version, after } => {
            let (e, a, v, w) = (event.to_string(), account.to_string(), version.to_string(), after.to_string());
            let place = match place {
                OrderPlace::Log => lang.pick("the log", "로그"),
                OrderPlace::Projection(projection) => name(*projection),
            };
            if en {
                text(&["In ", place, " event ", &e, " of account ", &a, " (version ", &v, ") came after version ", &w, "."])
            } else {
                text(&[place, "에서 계좌 ", &a, "의 이벤트 ", &e, "(버전 ", &v, ")이 버전 ", &w, " 뒤에 왔습니다."])
            }
        }
        ViolationKind::AccountMissing { account, expected } => {
            let (n, a) = (account.to_string(), number(*expected));
            if en {
                text(&["Nothing is pending, yet the view has no account ", &n, ", and its events say ", &a, "."])
            } else {
                text(&["처리할 이벤트가 없는데 뷰에 계좌 ", &n, "의 행이 없고 이벤트를 더하면 ", &a, "입니다."])
            }
        }
        ViolationKind::BalanceDiverged { account, expected, actual } => {
            let (n, a, b) = (account.to_string(), number(*expected), number(*actual));
            if en {
                text(&["Nothing is pending, yet the view of account ", &n, " says ", &b, " and its events ", &a, "."])
            } else {
                text(&["처리할 이벤트가 없는데 계좌 ", &n, "의 뷰는 ", &b, "이고 이벤트를 더하면 ", &a, "입니다."])
            }
        }
        ViolationKind::HistoryDiverged { expected, actual } => {
            let (a, b) = (expected.to_string(), actual.to_string());
            if en {
                text(&["Nothing is pending, and the history has ", &b, " rows for ", &a, " events."])
            } else {
                text(&["처리할 이벤트가 없는데 이벤트는 ", &a, "개이고 이력은 ", &b, "행입니다."])
            }
        }
        ViolationKind::AcknowledgedLost { event, partition, offset } => {
            let (e, p, o) = (event.to_string(), partition.partition.to_string(), offset.to_string());
            if en {
                text(&["The log acknowledged event ", &e, " at P", &p, "@", &o, " and has lost it."])
            } else {
                text(&["로그가 P", &p, "@", &o, "의 이벤트 ", &e, "을(를) 확인하고 잃었습니다."])
            }
        }
        ViolationKind::OutcomeUnknown { client } => {
            let c = client.0.to_string();
            if en {
                text(&["The command was carried out, and client ", &c, " stopped waiting without having learned it."])
            } else {
                text(&["명령은 수행되었지만 클라이언트 ", &c, "은(는) 결과를 알지 못한 채 기다리기를 그만두었습니다."])
            }
        }
    }
}

/// A projection by the name of its read model.
fn name(projection: Projection) -> &'static str {
    projection.name()
}
