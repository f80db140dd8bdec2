//! The flights, painted on a canvas. Each kind has a shape and a colour; where they are comes from the scene.

use std::cell::Cell;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Context, Element, HtmlCanvasElement};

use crate::scene::{Cargo, Fate, Mark, Picture, Point};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage as words;

use crate::ui::format::{count, short};

/// The colours, as the style sheet has them at the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Palette {
    panel: String,
    ink: String,
    muted: String,
    accent: String,
    command: String,
    event: String,
    aggregate: String,
    policy: String,
    read: String,
    problem: String,
}

impl Palette {
    /// Reads the colours that hold for an element.
    pub(super) fn of(element: &Element) -> Palette {
        let style = web_sys::window().and_then(|w| w.get_computed_style(element).ok().flatten());
        let get = |name: &str| {
            let value = style.as_ref().and_then(|s| s.get_property_value(name).ok()).unwrap_or_default();
            value.trim().to_owned()
        };
        Palette {
            panel: get("--panel"),
            ink: get("--ink"),
            muted: get("--muted"),
            accent: get("--accent"),
            command: get("--command"),
            event: get("--event"),
            aggregate: get("--aggregate"),
            policy: get("--policy"),
            read: get("--read"),
            problem: get("--problem"),
        }
    }

    fn color(&self, cargo: Cargo) -> &str {
        match cargo {
            Cargo::Command | Cargo::Accepted | Cargo::Notice => &self.command,
            Cargo::Refused | Cargo::Failure => &self.problem,
            Cargo::Statement | Cargo::StatementDone => &self.aggregate,
            Cargo::Events | Cargo::Appended | Cargo::Replication => &self.event,
            Cargo::FetchRequest | Cargo::Nothing => &self.muted,
            Cargo::Commit | Cargo::Membership => &self.policy,
            Cargo::Effect | Cargo::EffectDone | Cargo::Query | Cargo::Answer => &self.read,
        }
    }
}

/// Paints a picture over everything that was there. `width` and `height` are CSS pixels.
pub(super) fn paint(
    canvas: &HtmlCanvasElement,
    picture: &Picture,
    palette: &Palette,
    (width, height): (i32, i32),
    selected: Option<u64>,
    lang: Lang,
) {
    let Some(context) = canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into::<Context>().ok()) else { return };
    let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, 3.0);
    let (w, h) = ((f64::from(width) * ratio) as u32, (f64::from(height) * ratio) as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
    for band in &picture.bands {
        paint_band(&context, band.path.points(), palette.color(band.cargo));
        if let Some(at) = band.path.at(0.5) {
            let number = count(u64::from(band.count));
            let words = words::counted(lang, &number, words::StageText::of(lang).in_flight);
            // Where there is no room the words would lie over the boxes beside the way: the number alone says it.
            let room = f64::from(band.path.level_at(at));
            let fits = |text: &String| label_width(text) <= room;
            let text = [words, number].into_iter().find(fits).unwrap_or_else(|| short(u64::from(band.count)));
            label(&context, palette, at, &text);
        }
    }
    let brush = Brush { context: &context, fill: Cell::default(), stroke: Cell::default(), width: Cell::default() };
    for mark in &picture.marks {
        paint_mark(&brush, palette, mark);
        if Some(mark.flight) == selected {
            ring(&brush, mark.at, &palette.accent);
        }
    }
    paint_counts(&brush, palette, &picture.marks);
}

/// The canvas with what was set on it last: most marks look like the one before, and the browser reads a colour's name each time
/// that it is set.
struct Brush<'a> {
    context: &'a Context,
    fill: Cell<&'a str>,
    stroke: Cell<&'a str>,
    width: Cell<f64>,
}

impl<'a> Brush<'a> {
    fn fill(&self, color: &'a str) {
        if self.fill.replace(color) != color {
            self.context.set_fill_style_str(color);
        }
    }

    fn stroke(&self, color: &'a str, width: f64) {
        if self.stroke.replace(color) != color {
            self.context.set_stroke_style_str(color);
        }
        if self.width.replace(width) != width {
            self.context.set_line_width(width);
        }
    }
}

fn paint_band(context: &Context, points: &[Point], color: &str) {
    context.set_global_alpha(0.35);
    context.set_stroke_style_str(color);
    context.set_line_width(9.0);
    context.begin_path();
    for point in points {
        context.line_to(f64::from(point.x), f64::from(point.y));
    }
    context.stroke();
    context.set_global_alpha(1.0);
}

/// How wide a label is, in CSS pixels.
fn label_width(text: &str) -> f64 {
    10.0 + text.chars().map(|c| if c.is_ascii() { 6.6 } else { 11.0 }).sum::<f64>()
}

/// A number on a patch of the ground's colour.
fn label(context: &Context, palette: &Palette, at: Point, text: &str) {
    let (x, y) = (f64::from(at.x), f64::from(at.y));
    let half = label_width(text) / 2.0;
    context.set_fill_style_str(&palette.panel);
    context.fill_rect(x - half, y - 8.0, 2.0 * half, 16.0);
    context.set_fill_style_str(&palette.ink);
    context.set_font("600 11px ui-monospace, Menlo, Consolas, monospace");
    context.set_text_align("center");
    context.set_text_baseline("middle");
    let _ = context.fill_text(text, x, y);
}

fn ring<'a>(brush: &Brush<'a>, at: Point, color: &'a str) {
    let context = brush.context;
    brush.stroke(color, 2.0);
    context.begin_path();
    let _ = context.arc(f64::from(at.x), f64::from(at.y), 10.0, 0.0, std::f64::consts::TAU);
    context.stroke();
}

fn paint_mark<'a>(brush: &Brush<'a>, palette: &'a Palette, mark: &Mark) {
    let (x, y) = (f64::from(mark.at.x), f64::from(mark.at.y));
    if mark.gone {
        cross(brush, x, y, 5.0, &palette.problem);
        return;
    }
    let color = palette.color(mark.cargo);
    if mark.fate == Fate::Duplicated {
        shape(brush, palette, mark.cargo, color, (x - 4.0, y - 4.0));
    }
    shape(brush, palette, mark.cargo, color, (x, y));
}

/// How many records the flights carry that carry more than one: after all shapes, so that none lies over a number.
fn paint_counts<'a>(brush: &Brush<'a>, palette: &'a Palette, marks: &[Mark]) {
    let context = brush.context;
    brush.fill(&palette.ink);
    context.set_font("600 10px ui-monospace, Menlo, Consolas, monospace");
    context.set_text_align("left");
    context.set_text_baseline("alphabetic");
    for mark in marks.iter().filter(|mark| mark.count > 1 && !mark.gone) {
        let _ = context.fill_text(&mark.count.to_string(), f64::from(mark.at.x) + 7.0, f64::from(mark.at.y) - 4.0);
    }
}

/// One flight's shape: what asks is filled, what answers is hollow.
fn shape<'a>(brush: &Brush<'a>, palette: &'a Palette, cargo: Cargo, color: &'a str, (x, y): (f64, f64)) {
    let look = Look { brush, color, ground: &palette.panel };
    match cargo {
        Cargo::Command => look.polygon(&square(x, y, 5.0), true),
        Cargo::Accepted => look.polygon(&square(x, y, 4.5), false),
        Cargo::Refused => {
            look.polygon(&square(x, y, 5.0), false);
            cross(brush, x, y, 2.5, color);
        }
        Cargo::Statement => look.polygon(&bar(x, y), true),
        Cargo::StatementDone => look.polygon(&bar(x, y), false),
        Cargo::Events => look.polygon(&diamond(x, y, 6.5), true),
        Cargo::Appended => look.polygon(&diamond(x, y, 5.0), false),
        Cargo::Replication => look.polygon(&diamond(x, y, 3.5), true),
        Cargo::Commit => look.polygon(&[(x, y - 5.0), (x + 5.0, y + 4.0), (x - 5.0, y + 4.0)], true),
        Cargo::Membership => look.circle(x, y, 2.5, true),
        Cargo::FetchRequest => look.circle(x, y, 3.0, false),
        Cargo::Nothing => look.circle(x, y, 2.0, true),
        Cargo::Effect => look.polygon(&bar(x, y), true),
        Cargo::EffectDone => look.polygon(&bar(x, y), false),
        Cargo::Query => look.circle(x, y, 5.0, true),
        Cargo::Answer => look.circle(x, y, 4.5, false),
        Cargo::Notice => {
            look.circle(x, y, 5.0, false);
            look.circle(x, y, 1.5, true);
        }
        Cargo::Failure => cross(brush, x, y, 4.5, color),
    }
}

fn square(x: f64, y: f64, r: f64) -> [(f64, f64); 4] {
    [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
}

fn bar(x: f64, y: f64) -> [(f64, f64); 4] {
    [(x - 5.5, y - 3.5), (x + 5.5, y - 3.5), (x + 5.5, y + 3.5), (x - 5.5, y + 3.5)]
}

fn diamond(x: f64, y: f64, r: f64) -> [(f64, f64); 4] {
    [(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
}

fn cross<'a>(brush: &Brush<'a>, x: f64, y: f64, r: f64, color: &'a str) {
    let context = brush.context;
    brush.stroke(color, 2.0);
    context.begin_path();
    context.move_to(x - r, y - r);
    context.line_to(x + r, y + r);
    context.move_to(x + r, y - r);
    context.line_to(x - r, y + r);
    context.stroke();
}

/// How shapes are painted: filled with a rim of the ground, or hollow with a rim of the colour.
struct Look<'b, 'a> {
    brush: &'b Brush<'a>,
    color: &'a str,
    ground: &'a str,
}

impl Look<'_, '_> {
    fn polygon(&self, corners: &[(f64, f64)], filled: bool) {
        let context = self.brush.context;
        context.begin_path();
        for (x, y) in corners {
            context.line_to(*x, *y);
        }
        context.close_path();
        self.finish(filled);
    }

    fn circle(&self, x: f64, y: f64, r: f64, filled: bool) {
        self.brush.context.begin_path();
        let _ = self.brush.context.arc(x, y, r, 0.0, std::f64::consts::TAU);
        self.finish(filled);
    }

    fn finish(&self, filled: bool) {
        let (fill, rim, width) = if filled { (self.color, self.ground, 1.0) } else { (self.ground, self.color, 2.0) };
        self.brush.fill(fill);
        self.brush.context.fill();
        self.brush.stroke(rim, width);
        self.brush.context.stroke();
    }
}
