//! Small plots of the last minute: throughput, lag by partition, staleness, retries, duplicates.

use yew::prelude::*;

use crate::pipeline::{Count, Second};
use crate::scenario::GROUPS;
use crate::ui::app::Shot;
use crate::ui::format::{count, duration};
use crate::ui::i18n::{Lang, Text};

/// How many seconds a plot shows.
const SECONDS: u64 = 60;
/// The size of a plot in its own units.
const WIDTH: u64 = 300;
const HEIGHT: u64 = 48;

#[derive(Properties, PartialEq)]
pub(crate) struct MetersProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
}

/// All plots side by side, where there is room for them below the stage.
#[component]
pub(crate) fn Meters(props: &MetersProps) -> Html {
    let text = Text::of(props.lang);
    html! { <section class="meters-row" aria-label={text.tab_meters}>{ plots(props.lang, &props.shot) }</section> }
}

/// All plots.
pub(super) fn meters_panel(lang: Lang, shot: &Shot) -> Html {
    html! { <div class="meters" data-testid="meters">{ plots(lang, shot) }</div> }
}

fn plots(lang: Lang, shot: &Shot) -> Html {
    let text = Text::of(lang);
    let meters = shot.world.meters();
    let end = meters.current_second();
    let seconds: Vec<Second> = meters.iter_from(end.saturating_sub(SECONDS)).copied().collect();
    let series = |of: &dyn Fn(&Second) -> u64| seconds.iter().map(of).collect::<Vec<u64>>();
    let partitions = usize::try_from(shot.world.partition_count()).unwrap_or(0);
    html! {
        <>
            { plot(text.meter_throughput, &[("c-read", series(&|s| s.count(Count::Applied).into())), ("c-command", series(&|s| s.count(Count::Accepted).into()))],
                count, &[lang.pick("applied", "적용"), lang.pick("accepted", "접수")]) }
            { for GROUPS.iter().enumerate().map(|(group, name)| {
                let lines: Vec<_> = (0..partitions.min(COLOURS.len())).map(|p| (COLOURS[p], series(&|s| s.lags[group][p].into()))).collect();
                let names: Vec<String> = (0..lines.len()).map(|p| ["P", &p.to_string()].concat()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                plot(&[text.meter_lag, " · ", name].concat(), &lines, count, &names)
            }) }
            { plot(text.meter_staleness, &[("c-problem", series(&|s| s.staleness_ms_max.into()))], |ms| duration(ms * 1_000), &[text.meter_now]) }
            { plot(text.meter_reads, &[("c-problem", series(&|s| s.count(Count::OwnWritesMissing).into())), ("c-policy", series(&|s| s.count(Count::WentBack).into()))],
                count, &[lang.pick("own write missing", "자기 쓰기 없음"), lang.pick("older than before", "전보다 옛값")]) }
            { plot(text.meter_completion, &[("c-command", series(&|s| s.completion_ms_max.into()))], |ms| duration(ms * 1_000), &[]) }
            { plot(text.meter_completion_cost, &[("c-event", series(&|s| s.count(Count::CompletionMessages).into())), ("c-read", series(&|s| s.connections.into()))],
                count, &[lang.pick("requests and notices", "요청과 알림"), lang.pick("open connections", "열린 연결")]) }
            { plot(text.meter_retries, &[("c-policy", series(&|s| s.count(Count::Retries).into()))], count, &[text.meter_now]) }
            { plot(text.meter_duplicates, &[("c-problem", series(&|s| s.count(Count::DuplicatesApplied).into())), ("c-muted", series(&|s| s.count(Count::DuplicatesSkipped).into()))],
                count, &[lang.pick("applied twice", "두 번 적용"), lang.pick("skipped", "건너뜀")]) }
        </>
    }
}

/// Partitions by colour.
const COLOURS: [&str; 6] = ["c-command", "c-event", "c-policy", "c-read", "c-aggregate", "c-muted"];

/// One plot with a line for each series, all on one scale.
fn plot(title: &str, series: &[(&'static str, Vec<u64>)], show: impl Fn(u64) -> String, names: &[&str]) -> Html {
    let most = series.iter().flat_map(|(_, values)| values.iter().copied()).max().unwrap_or(0);
    let now: Vec<String> = series.iter().map(|(_, values)| show(values.last().copied().unwrap_or(0))).collect();
    let label = [title, ": ", &now.join(", ")].concat();
    html! {
        <figure class="meter">
            <figcaption><span>{ title.to_owned() }</span><span class="meter-max">{ show(most) }</span></figcaption>
            <svg viewBox={["0 0 ", &WIDTH.to_string(), " ", &HEIGHT.to_string()].concat()} preserveAspectRatio="none" role="img" aria-label={label}>
                { for series.iter().map(|(colour, values)| html! { <polyline class={*colour} points={points(values, most)} /> }) }
            </svg>
            <p class="legend">
                { for series.iter().enumerate().map(|(index, (colour, _))| html! {
                    <span class={*colour}><i aria-hidden="true"></i>{ names.get(index).map(|name| [*name, " "].concat()).unwrap_or_default() }{ &now[index] }</span>
                }) }
            </p>
        </figure>
    }
}

/// The line through the values, the newest at the right edge.
fn points(values: &[u64], most: u64) -> String {
    let first = SECONDS - (values.len() as u64).min(SECONDS);
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let x = (first + index as u64) * WIDTH / (SECONDS - 1);
        let y = HEIGHT - 2 - value * (HEIGHT - 4) / most.max(1);
        out.push_str(&x.min(WIDTH).to_string());
        out.push(',');
        out.push_str(&y.to_string());
        out.push(' ');
    }
    out
}
