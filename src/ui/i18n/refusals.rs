//! Why something cannot be done to the run, in words.

use super::{Lang, faults, particles, things};
use crate::broker::ConfigError;
use crate::fault::{FAULTS_MAX, FaultError, Node};
use crate::pipeline::InterventionError;
use crate::scenario::link::{Flaw, LinkProblem, Part, VERSION};
use crate::scenario::{Kind, Setting, SettingError, Unit, settings};
use crate::scene::Scene;

/// Why an intervention was refused.
pub(crate) fn refusal(error: &InterventionError, scene: &Scene, lang: Lang) -> String {
    particles(&refused(error, scene, lang))
}

fn refused(error: &InterventionError, scene: &Scene, lang: Lang) -> String {
    let pick = |en: String, ko: String| lang.pick(en, ko);
    match error {
        InterventionError::Setting(error) => setting(error, lang),
        InterventionError::Fault(error) => fault(error, lang),
        InterventionError::Node { node, action } => {
            let name = things::node(*node, scene, lang);
            let ko = deed_ko(action);
            pick(format!("cannot {action} {name}"), format!("{name}: {ko}을(를) 할 수 없습니다"))
        }
        InterventionError::NotAsked { consumer } => {
            let name = things::node(Node::Consumer(*consumer), scene, lang);
            pick(format!("{name} waits for no decision"), format!("{name}: 결정을 기다리고 있지 않습니다"))
        }
        InterventionError::ShareNotAsked { consumer } => {
            let name = things::node(Node::ShareConsumer(*consumer), scene, lang);
            pick(format!("{name} waits for no decision"), format!("{name}: 결정을 기다리고 있지 않습니다"))
        }
        InterventionError::ImplicitMode { consumer } => {
            let name = things::node(Node::ShareConsumer(*consumer), scene, lang);
            pick(
                format!("{name} is in implicit mode: acknowledge() would throw an IllegalStateException"),
                format!("{name}: implicit 모드에서는 acknowledge()가 IllegalStateException을 던집니다"),
            )
        }
        InterventionError::GroupActive { group, state } => {
            let name = crate::scenario::GROUPS.get(*group as usize).copied().unwrap_or_default();
            pick(
                format!("offsets of {name} can be reset only while nobody consumes: its state is {state}"),
                format!("{name}의 오프셋은 아무도 소비하지 않을 때만 되돌릴 수 있습니다. 지금 상태: {state}"),
            )
        }
        InterventionError::NoSuch { what, number } => {
            pick(format!("there is no {what} {number}"), format!("{} {number}은(는) 없습니다", thing_ko(what)))
        }
    }
}

/// What is wrong with a part of a link; what was found there stands as it is.
pub(crate) fn link_problem(problem: &LinkProblem, lang: Lang) -> String {
    let part = match problem.part {
        Part::Version => lang.pick("version", "버전"),
        Part::Scenario => lang.pick("scenario", "시나리오"),
        Part::Seed => lang.pick("seed", "시드"),
        Part::Moment => lang.pick("moment", "시각"),
        Part::Setting => lang.pick("setting", "설정"),
        Part::Workbench => lang.pick("brokers", "브로커"),
        Part::Program => lang.pick("programme", "예정된 일"),
        Part::Interventions => lang.pick("interventions", "조작"),
        Part::Unknown => lang.pick("unknown part", "알 수 없는 부분"),
    };
    particles(&[part, ": ", &flaw(&problem.what, lang)].concat())
}

/// What is wrong there.
fn flaw(flaw: &Flaw, lang: Lang) -> String {
    let pick = |en: String, ko: String| lang.pick(en, ko);
    let plain = |en: &str, ko: &str| lang.pick(en, ko).to_owned();
    match flaw {
        Flaw::Version { found } => pick(format!("`{found}` is not `{VERSION}`"), format!("`{found}`, 이 페이지가 읽는 것은 `{VERSION}`")),
        Flaw::NoSuchScenario { name } => pick(format!("there is no `{name}`"), format!("`{name}`은(는) 없습니다")),
        Flaw::NotWhole { found } => pick(format!("`{found}` is no whole number"), format!("`{found}`은(는) 정수가 아닙니다")),
        Flaw::NotMicroseconds { found } => {
            pick(format!("`{found}` is no number of microseconds"), format!("`{found}`은(는) 마이크로초 수가 아닙니다"))
        }
        Flaw::Setting(error) => setting(error, lang),
        Flaw::Brokers { brokers_max } => {
            pick(format!("their number, 1 to {brokers_max}, is missing"), format!("수(1–{brokers_max})가 없습니다"))
        }
        Flaw::Duration => {
            plain("how long the run is, in microseconds, is missing or out of range", "실행 길이(마이크로초)가 없거나 범위를 벗어났습니다")
        }
        Flaw::Broker(ConfigError::UnknownName { name }) => {
            pick(format!("there is no setting `{name}`"), format!("`{name}` 설정은 없습니다"))
        }
        Flaw::Broker(ConfigError::BadValue { name, value }) => {
            pick(format!("`{name}` cannot be `{value}`"), format!("`{name}`에는 `{value}`을(를) 쓸 수 없습니다"))
        }
        Flaw::DamagedAt { place } => pick(format!("damaged at character {place}"), format!("{place}번째 글자부터 손상되었습니다")),
        Flaw::TooShort => plain("too short", "너무 짧습니다"),
        Flaw::Cut => plain("cut short or damaged", "잘렸거나 손상되었습니다"),
        Flaw::Checksum => plain("the checksum does not fit", "체크섬이 맞지 않습니다"),
        Flaw::Intervention { number, found, why } => {
            pick(format!("number {number}, `{found}`: {why}"), format!("{number}번째 `{found}`을(를) 읽을 수 없습니다"))
        }
        Flaw::Unknown { found } => format!("`{found}`"),
    }
}

fn setting(error: &SettingError, lang: Lang) -> String {
    match error {
        SettingError::UnknownKey { key } => lang.pick(format!("there is no setting `{key}`"), format!("`{key}` 설정은 없습니다")),
        SettingError::BadValue { key, value, possible } => {
            let kind = settings().iter().find(|setting| setting.key == *key).map(Setting::kind);
            let ko = kind.map_or_else(|| possible.clone(), |kind| possible_ko(&kind));
            lang.pick(
                format!("`{key}` cannot be `{value}`; possible: {possible}"),
                format!("`{key}`에는 `{value}`을(를) 쓸 수 없습니다. 가능한 값: {ko}"),
            )
        }
        SettingError::Conflict { key, value, class } => {
            let class = class.rsplit('.').next().unwrap_or(class);
            if key.starts_with("topic.") {
                return lang.pick(
                    format!("with the topic's other settings the broker does not take `{value}` for `{key}` ({class})"),
                    format!("다른 설정이 그대로면 브로커는 `{key}` 값으로 `{value}`을(를) 받지 않습니다({class})"),
                );
            }
            lang.pick(
                format!("with its other settings the client does not start if `{key}` is `{value}` ({class})"),
                format!("다른 설정이 그대로면 `{key}` 값 `{value}`에서는 클라이언트가 시작하지 않습니다({class})"),
            )
        }
    }
}

/// The possible values of a setting, in Korean.
fn possible_ko(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "true 또는 false".to_owned(),
        Kind::Choice(choices) => choices.join(", "),
        Kind::Int { min, max, unit } => {
            let unit = match unit {
                Unit::None | Unit::Money => "",
                Unit::Ms => " ms",
                Unit::Bytes => "바이트",
                Unit::Records => "개",
                Unit::PerMinute => "(분당)",
                Unit::Percent => " %",
            };
            format!("{min}–{max}{unit}")
        }
        Kind::Latency => "20ms, 5ms..40ms, 꼬리가 긴 ~20ms 같은 시간(최대 600s)".to_owned(),
    }
}

/// What was to be done to a node, in Korean.
fn deed_ko(action: &'static str) -> &'static str {
    match action {
        "kill" => "강제 종료",
        "stop" => "정지",
        "start" => "시작",
        "pause" => "일시정지",
        "resume" => "재개",
        "break" => "장애 주입",
        "break in this way" => "이 장애 주입",
        "make forget in implicit mode" => "implicit 모드에서 확인 잊기",
        "take in hand" => "직접 결정",
        other => other,
    }
}

/// What there is none of, in Korean.
fn thing_ko(what: &'static str) -> &'static str {
    match what {
        "client" => "클라이언트",
        "group" => "그룹",
        "partition" => "파티션",
        "member" => "멤버",
        "producer" => "생산자",
        "projection" => "프로젝션",
        other => other,
    }
}

fn fault(error: &FaultError, lang: Lang) -> String {
    match error {
        FaultError::Target { kind, .. } => {
            let name = faults::name(*kind, lang);
            lang.pick(format!("“{name}” cannot be laid there"), format!("“{name}”을(를) 거기에 걸 수 없습니다"))
        }
        FaultError::Moment { kind, .. } => {
            let name = faults::name(*kind, lang);
            lang.pick(format!("“{name}” has no such moment"), format!("“{name}”에는 그런 시점이 없습니다"))
        }
        FaultError::Amount { kind, amount } => {
            let name = faults::name(*kind, lang);
            let range = kind.amount().map(|a| format!(" ({}–{})", a.min, a.max)).unwrap_or_default();
            lang.pick(
                format!("“{name}” cannot have the number {amount}{range}"),
                format!("“{name}”의 수로 {amount}은(는) 쓸 수 없습니다{range}"),
            )
        }
        FaultError::TooMany => lang.pick(
            format!("{FAULTS_MAX} faults stand already; end one first"),
            format!("장애가 이미 {FAULTS_MAX}개입니다. 하나를 먼저 끝내세요"),
        ),
        FaultError::Unknown(id) => lang.pick(format!("fault {} is over already", id.0), format!("장애 {}은(는) 이미 끝났습니다", id.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::scenario::link::Recording;

    /// Every flaw that a link can have, as Korean readers are told of it.
    fn told_in_korean(fragment: &str) -> Vec<String> {
        let transfer = || Scenario::plain("transfer", 42);
        let (_, problems) = Recording::from_fragment(fragment, |name| (name == "transfer").then(transfer), transfer());
        problems.iter().map(|problem| link_problem(problem, Lang::Ko)).collect()
    }

    #[test]
    fn a_damaged_link_is_told_in_korean_and_not_half_in_english() {
        let bad = "v9;s=nackk;n=x;t=y;producer.acks=7;no.such=1;producer.linger.ms=-4;link.fetch.latency=soon;what";
        let bench = "v1;s=x;w=300~z~no.such.name~1~num.partitions~many;i=***;p=AA";
        let all: Vec<String> = [bad, bench].iter().flat_map(|fragment| told_in_korean(fragment)).collect();
        assert!(all.len() >= 14, "{all:#?}");
        for told in all {
            let without_quotes: String = told.split('`').step_by(2).collect();
            let words = without_quotes
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|w| w.len() > 2 && w.chars().all(|c| c.is_ascii_lowercase()));
            let english: Vec<&str> = words.filter(|word| !["all", "true", "false"].contains(word)).collect();
            assert!(english.is_empty(), "{told}: {english:?}");
        }
    }
}
