//! Why something cannot be done to the run, in words.

use super::{Lang, faults, things};
use crate::fault::{FAULTS_MAX, FaultError, Node};
use crate::pipeline::InterventionError;
use crate::scenario::SettingError;
use crate::scenario::link::{LinkProblem, Part};
use crate::scene::Scene;

/// Why an intervention was refused.
pub(crate) fn refusal(error: &InterventionError, scene: &Scene, lang: Lang) -> String {
    let pick = |en: String, ko: String| lang.pick(en, ko);
    match error {
        InterventionError::Setting(error) => setting(error, lang),
        InterventionError::Fault(error) => fault(error, lang),
        InterventionError::Node { node, action } => {
            let name = things::node(*node, scene, lang);
            pick(format!("cannot {action} {name}"), format!("{name}에 할 수 없는 동작입니다({action})"))
        }
        InterventionError::NotAsked { consumer } => {
            let name = things::node(Node::Consumer(*consumer), scene, lang);
            pick(format!("{name} waits for no decision"), format!("{name}: 결정을 기다리고 있지 않습니다"))
        }
        InterventionError::GroupActive { group, state } => {
            let name = crate::scenario::GROUPS.get(*group as usize).copied().unwrap_or_default();
            pick(
                format!("offsets of {name} can be reset only while nobody consumes: its state is {state}"),
                format!("{name}의 오프셋은 아무도 소비하지 않을 때만 되돌릴 수 있습니다. 지금 상태: {state}"),
            )
        }
        InterventionError::NoSuch { what, number } => pick(format!("there is no {what} {number}"), format!("{what} {number}: 없습니다")),
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
        Part::Workbench => lang.pick("workbench", "작업대"),
        Part::Program => lang.pick("programme", "프로그램"),
        Part::Interventions => lang.pick("interventions", "개입"),
        Part::Unknown => lang.pick("part", "알 수 없는 부분"),
    };
    [part, ": ", &problem.what].concat()
}

fn setting(error: &SettingError, lang: Lang) -> String {
    match error {
        SettingError::UnknownKey { key } => lang.pick(format!("there is no setting `{key}`"), format!("`{key}` 설정은 없습니다")),
        SettingError::BadValue { key, value, possible } => lang.pick(
            format!("`{key}` cannot be `{value}`; possible: {possible}"),
            format!("`{key}`에는 `{value}`을(를) 쓸 수 없습니다. 가능한 값: {possible}"),
        ),
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
