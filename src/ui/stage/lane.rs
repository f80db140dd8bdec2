//! A partition: its newest records as cells, older ones as a band with a count, and the marks of log and groups.

use yew::prelude::*;

use crate::player::Thing;
use crate::scene::{CellState, CellView, LaneBox, LaneView};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use super::node::{place, select};
use crate::ui::format::{count, short};

#[derive(Properties, PartialEq)]
pub(super) struct LaneProps {
    pub(super) at: LaneBox,
    pub(super) view: LaneView,
    pub(super) lang: Lang,
    /// The offset of the selected record, if it is in this lane.
    pub(super) record: Option<u64>,
    /// Whether the partition itself is selected.
    pub(super) selected: bool,
    pub(super) on_select: Callback<Thing>,
}

/// From so many on, the count of older records stands in full beside the lane's name.
const MANY: u64 = 1_000;

/// The class of a group's marks, by the group's index.
pub(super) fn group_class(group: u32) -> &'static str {
    ["g0", "g1", "g2", "g3"][group.min(3) as usize]
}

/// The shape of a group's marks around (x, y), 9 px wide: triangle, square, circle, diamond.
pub(super) fn group_shape(group: u32, x: i32, y: i32, class: String) -> Html {
    let points = match group {
        0 => format!("{},{} {},{} {},{}", x, y - 5, x + 5, y + 4, x - 5, y + 4),
        1 => format!("{},{} {},{} {},{} {},{}", x - 4, y - 4, x + 4, y - 4, x + 4, y + 4, x - 4, y + 4),
        2 => return html! { <circle cx={x.to_string()} cy={y.to_string()} r="4" {class} /> },
        _ => format!("{},{} {},{} {},{} {},{}", x, y - 5, x + 5, y, x, y + 5, x - 5, y),
    };
    html! { <polygon {points} {class} /> }
}

/// What a lane says besides its cells.
pub(super) fn lane_words(lane: &LaneView, lang: Lang) -> String {
    let t = StageText::of(lang);
    let list = |ids: &[u32]| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let leader = lane.leader.map_or_else(|| t.no_leader.to_owned(), |l| format!("{} {l}", t.leader));
    format!("{leader} · {} {}", t.isr, list(&lane.isr))
}

#[component]
pub(super) fn Lane(props: &LaneProps) -> Html {
    let (at, lane) = (&props.at, &props.view);
    let t = StageText::of(props.lang);
    let thing = Thing::Partition { topic: at.topic, partition: at.partition };
    let short_of_replicas = lane.leader.is_none() || lane.isr.len() < lane.replicas.len();
    let first = at.first_cell(lane);
    let older = first.saturating_sub(lane.log_start);
    let shown: Vec<&CellView> = lane.cells.iter().filter(|c| c.offset >= first).collect();
    let focus = props.record.filter(|r| *r >= first).or(shown.last().map(|c| c.offset));
    html! {
        <div class="lane" style={place(at.rect)} role="group" aria-label={format!("P{}", at.partition)}>
            <button type="button" class="lane-name" style={format!("top:{}px;height:{}px", at.cells_y - at.rect.y, at.cell_h)}
                data-node={thing.to_string()} aria-pressed={props.selected.to_string()} onclick={select(&props.on_select, thing)}>
                { format!("P{}", at.partition) }
            </button>
            <span class={classes!("lane-head", short_of_replicas.then_some("warn"))} style={format!("left:{}px", at.older_x - at.rect.x)}>
                { lane_words(lane, props.lang) }
                if older >= MANY { { " · " }{ words::counted(props.lang, count(older), t.older_short) } }
            </span>
            if older > 0 {
                <span class="older" title={format!("{} {} · {} {}", count(older), t.older, t.log_start, lane.log_start)}
                    style={format!("left:{}px;top:{}px;width:{}px;height:{}px", at.older_x - at.rect.x, at.cells_y - at.rect.y, at.cells_x - at.older_x - 4, at.cell_h)}>
                    { format!("+{}", short(older)) }
                </span>
            }
            <div class="cells" onkeydown={walk()}>
                { for shown.into_iter().map(|c| cell(props, c, focus)) }
            </div>
            { marks(at, lane) }
        </div>
    }
}

fn cell(props: &LaneProps, cell: &CellView, focus: Option<u64>) -> Html {
    let (at, lane) = (&props.at, &props.view);
    let t = StageText::of(props.lang);
    let thing = Thing::Record { topic: at.topic, partition: at.partition, offset: cell.offset };
    let (class, words) = match cell.state {
        CellState::Plain => ("", ""),
        CellState::Unreplicated => ("unreplicated", t.unreplicated),
        CellState::Control => ("control", t.control),
        CellState::Uncommitted => ("uncommitted", t.uncommitted),
        CellState::Aborted => ("aborted", t.aborted),
        CellState::InHand => ("in-hand", t.held),
        CellState::Failing => ("failing", t.failing),
    };
    let left = at.x_of(lane, cell.offset) - at.rect.x;
    let style = format!("left:{left}px;top:{}px;width:{}px;height:{}px", at.cells_y - at.rect.y, at.cell_w - 2, at.cell_h);
    let label = format!("P{}@{} {words}", at.partition, cell.offset);
    html! {
        <button type="button" key={cell.offset.to_string()} class={classes!("cell", class)} {style} title={label.clone()} aria-label={label}
            tabindex={if focus == Some(cell.offset) { "0" } else { "-1" }} aria-pressed={(props.record == Some(cell.offset)).to_string()}
            data-node={thing.to_string()} onclick={select(&props.on_select, thing)}>
            { if cell.state == CellState::Control { "×".to_owned() } else { cell.offset.to_string() } }
        </button>
    }
}

/// Arrow keys walk from cell to cell; only one of them is a stop of the tab key.
fn walk() -> Callback<KeyboardEvent> {
    Callback::from(|event: KeyboardEvent| {
        let Some(from) = event.target_dyn_into::<web_sys::Element>() else { return };
        let to = match event.key().as_str() {
            "ArrowLeft" => from.previous_element_sibling(),
            "ArrowRight" => from.next_element_sibling(),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if let Some(to) = to.and_then(|e| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(e).ok()) {
            let _ = to.focus();
        }
    })
}

/// Log start, high watermark, log end, and each group's row: committed offset, position, and the lag between committed
/// offset and high watermark as a length.
fn marks(at: &LaneBox, lane: &LaneView) -> Html {
    let x = |offset: u64| at.x_of(lane, offset) - at.rect.x;
    let (top, bottom) = (at.cells_y - at.rect.y, at.cells_y - at.rect.y + at.cell_h);
    let (start, end, visible) = (x(lane.log_start) - 3, x(lane.log_end), x(lane.high_watermark));
    let stable = (lane.last_stable < lane.high_watermark).then(|| x(lane.last_stable));
    html! {
        <svg class="marks" aria-hidden="true" width={at.rect.w.to_string()} height={at.rect.h.to_string()}>
            <path class="log-start" d={format!("M{} {top}h-3V{bottom}h3", start + 3)} />
            <path class="log-end" d={format!("M{end} {}V{}", top - 2, bottom + 2)} />
            <path class="high-watermark" d={format!("M{visible} {}V{}", top - 4, bottom + 4)} />
            if let Some(stable) = stable {
                <path class="last-stable" d={format!("M{stable} {}V{}M{} {}h6", top - 6, bottom + 4, stable - 3, top - 6)} />
            }
            { for lane.marks.iter().filter(|m| m.group < 4).map(|mark| {
                let y = at.marks_y - at.rect.y + mark.group as i32 * at.marks_h + at.marks_h / 2;
                let class = group_class(mark.group);
                let from = x(mark.restart_at.max(lane.log_start));
                let position = mark.position.filter(|p| Some(*p) != mark.committed).map(x);
                html! {
                    <g class={class}>
                        if visible > from {
                            <rect class="lag" x={from.to_string()} y={(y - 2).to_string()} width={(visible - from).to_string()} height="4" />
                        }
                        if let Some(position) = position {
                            { group_shape(mark.group, position, y, "position".to_owned()) }
                        }
                        if let Some(committed) = mark.committed {
                            { group_shape(mark.group, x(committed), y, "committed".to_owned()) }
                        }
                        { lag_text(lane.lag(mark), from, position, y) }
                    </g>
                }
            }) }
        </svg>
    }
}

fn lag_text(lag: u64, from: i32, position: Option<i32>, y: i32) -> Html {
    if lag == 0 {
        return Html::default();
    }
    let text = short(lag);
    let (x, anchor) = beside(from, position, text.len() as i32 * DIGIT);
    html! { <text x={x.to_string()} y={(y + 4).to_string()} text-anchor={anchor}>{ text }</text> }
}

/// What a digit of the lag is wide, in pixels.
const DIGIT: i32 = 7;

/// Where so wide a number stands, and by which of its ends: left of the marks where there is room, else right of the first one, and
/// if the second one stands there right of that too.
fn beside(from: i32, position: Option<i32>, width: i32) -> (i32, &'static str) {
    let (first, last) = (position.map_or(from, |p| p.min(from)), position.map_or(from, |p| p.max(from)));
    match () {
        () if first > 46 => (first - 8, "end"),
        () if last > first + 16 + width => (first + 8, "start"),
        () => (last + 8, "start"),
    }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_lag_keeps_clear_of_both_marks() {
        for from in 0..120 {
            for position in [None].into_iter().chain((0..200).map(Some)) {
                for width in [7, 28] {
                    let (x, anchor) = beside(from, position, width);
                    let (left, right) = if anchor == "end" { (x - width, x) } else { (x, x + width) };
                    let clear = |mark: i32| right <= mark - 6 || left >= mark + 6;
                    assert!(clear(from) && position.is_none_or(clear), "{left}..{right} beside {from} and {position:?}");
                }
            }
        }
    }
}
