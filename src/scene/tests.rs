//! The layout keeps its promises at every width; flights keep theirs at every instant.

use super::sample::sample;
use super::*;
use crate::kernel::SimTime;
use crate::player::Thing;

/// Everything that must not lie on anything else.
fn solid(layout: &Layout) -> Vec<(String, Rect)> {
    let mut all: Vec<(String, Rect)> = layout.boxes.iter().map(|b| (format!("{:?}", b.thing), b.rect)).collect();
    all.extend(layout.headers.iter().map(|(h, r)| (format!("{h:?}"), *r)));
    all.push(("legend".to_owned(), layout.legend));
    all.push(("band".to_owned(), layout.band));
    all
}

#[test]
fn nothing_overlaps_and_nothing_sticks_out_from_320_to_2560() {
    for (lanes, accounts, consumers) in [(3, 4, 2), (1, 2, 1), (12, 6, 4), (6, 1, 6), (3, 0, 1)] {
        let shape = Shape::of(&sample(lanes, accounts, consumers));
        for width in (320..=2560).step_by(20) {
            let layout = Layout::of(&shape, width);
            let solid = solid(&layout);
            for (i, (name, rect)) in solid.iter().enumerate() {
                assert!(rect.x >= 0 && rect.right() <= width && rect.bottom() <= layout.height, "{name} sticks out at {width}: {rect:?}");
                assert!(rect.w >= 56 && rect.h >= 18, "{name} is too small at {width}: {rect:?}");
                for (other, at) in &solid[i + 1..] {
                    assert!(!rect.overlaps(*at), "{name} {rect:?} lies on {other} {at:?} at {width}");
                }
            }
        }
    }
}

/// A scene with a share group of so many workers beside the groups of the read models.
fn with_share_group(lanes: u32, workers: u32) -> Scene {
    let mut scene = sample(lanes, 4, 2);
    let mut group = scene.groups[1].clone();
    let worker = |n: u32| ConsumerView { id: SHARES_FROM + n, number: n, ..group.consumers[0].clone() };
    group.consumers = (0..workers).map(worker).collect();
    scene.groups.push(group);
    scene
}

#[test]
fn a_group_without_a_read_model_fits_below_the_others() {
    for (lanes, workers) in [(1, 3), (1, 1), (3, 6), (12, 4), (1, 0)] {
        let scene = with_share_group(lanes, workers);
        let shape = Shape::of(&scene);
        for width in (320..=2560).step_by(20) {
            let layout = Layout::of(&shape, width);
            let solid = solid(&layout);
            for (i, (name, rect)) in solid.iter().enumerate() {
                assert!(rect.x >= 0 && rect.right() <= width && rect.bottom() <= layout.height, "{name} sticks out at {width}: {rect:?}");
                for (other, at) in &solid[i + 1..] {
                    assert!(!rect.overlaps(*at), "{name} {rect:?} lies on {other} {at:?} at {width}");
                }
            }
            for route in layout.standing(&scene).into_iter().filter(|r| layout.path(*r, &scene).is_some()) {
                let path = layout.path(route, &scene).expect("just looked");
                let inside = |p: &Point| p.x >= 0.0 && p.y >= 0.0 && p.x <= width as f32 && p.y <= layout.height as f32;
                assert!(path.points().iter().all(inside), "{route:?} leaves the stage at {width}: {:?}", path.points());
            }
        }
    }
    // What a window of 1440 by 900 has for the stage beside the panels, with a scenario's introduction above it.
    assert!(Layout::of(&Shape::of(&with_share_group(1, 3)), 1010).height <= 530);
}

#[test]
fn the_way_between_query_and_read_model_lies_on_no_consumer() {
    let scene = with_share_group(1, 3);
    for width in [320, 360, 430, 560, 1010] {
        let layout = Layout::of(&Shape::of(&scene), width);
        let consumers = layout.boxes.iter().filter(|b| matches!(b.thing, Thing::Consumer(_))).map(|b| b.rect);
        for route in [Route::ReadDb, Route::Query, Route::Completion] {
            let path = layout.path(route, &scene).expect("drawn");
            for rect in consumers.clone() {
                let steps = (0..=400).filter_map(|i| path.at(i as f32 / 400.0));
                let on = |p: &Point| p.x > rect.x as f32 && p.x < rect.right() as f32 && p.y > rect.y as f32 && p.y < rect.bottom() as f32;
                assert!(!steps.into_iter().any(|p| on(&p)), "{route:?} lies on {rect:?} at {width}");
            }
        }
    }
}

/// A fault is pressed below the stage: what it does to the two models is seen without scrolling there.
#[test]
fn where_a_sheet_lies_below_both_models_stand_before_the_log() {
    for width in [320, 360, 430, 620, 768, 850] {
        let layout = Layout::of(&Shape::of(&sample(3, 4, 2)), width);
        let log = layout.lanes.iter().map(|l| l.rect.y).min().expect("lanes");
        assert!(
            layout.band.bottom() < log && layout.pairs.iter().all(|p| p.x >= layout.band.x && p.right() <= layout.band.right()),
            "at {width}"
        );
    }
}

#[test]
fn without_a_bank_there_are_only_the_log_and_its_consumers() {
    let mut scene = sample(3, 0, 2);
    (scene.bank, scene.relay) = (false, None);
    scene.projections.clear();
    let shape = Shape::of(&scene);
    for width in [320, 600, 900, 1400] {
        let layout = Layout::of(&shape, width);
        let is_bank = |t: Thing| matches!(t, Thing::Client | Thing::Api | Thing::Handler | Thing::WriteDb | Thing::QueryApi);
        assert!(
            layout.boxes.iter().all(|b| !is_bank(b.thing) && b.rect.right() <= width && b.rect.bottom() <= layout.height),
            "at {width}"
        );
        assert!(layout.standing(&scene).iter().all(|r| layout.path(*r, &scene).is_some()), "at {width}");
    }
}

#[test]
fn every_lane_has_room_for_cells_and_wide_screens_for_more() {
    let shape = Shape::of(&sample(3, 4, 2));
    for width in (320..=2560).step_by(20) {
        let layout = Layout::of(&shape, width);
        assert!(layout.lanes.iter().all(|l| l.cells >= 4 && l.cells_right() <= l.rect.right()), "at {width}: {:?}", layout.lanes);
    }
    assert!(Layout::of(&shape, 1920).lanes[0].cells > Layout::of(&shape, 1010).lanes[0].cells);
}

/// Listeners in the API's process have nothing to do with the log, in which they would be seen to take part.
#[test]
fn the_way_to_listeners_in_the_process_crosses_no_lane() {
    let scene = sample(3, 4, 2);
    for width in [320, 390, 640, 768, 850, 1010, 1600] {
        let layout = Layout::of(&Shape::of(&scene), width);
        for projection in [0, 1] {
            let path = layout.path(Route::InProcess { projection }, &scene).expect("drawn");
            for at in (0..=400).filter_map(|i| path.at(i as f32 / 400.0)) {
                let on =
                    |rect: &Rect| at.x > rect.x as f32 && at.x < rect.right() as f32 && at.y > rect.y as f32 && at.y < rect.bottom() as f32;
                assert!(!layout.lanes.iter().any(|lane| on(&lane.rect)), "at {width}: {at:?}");
            }
        }
    }
}

#[test]
fn every_standing_way_has_two_ends_on_the_stage() {
    let scene = sample(3, 4, 2);
    for width in [320, 390, 640, 768, 900, 1010, 1600] {
        let layout = Layout::of(&Shape::of(&scene), width);
        for route in layout.standing(&scene) {
            let path = layout.path(route, &scene).unwrap_or_else(|| panic!("no way for {route:?} at {width}"));
            let inside = |p: &Point| p.x >= 0.0 && p.y >= 0.0 && p.x <= width as f32 && p.y <= layout.height as f32;
            assert!(path.points().iter().all(inside), "{route:?} leaves the stage at {width}: {:?}", path.points());
            assert!(path.length() > 3.0, "{route:?} has no length at {width}");
        }
    }
}

#[test]
fn an_offset_older_than_the_cells_lies_in_the_band() {
    let scene = sample(3, 4, 2);
    let layout = Layout::of(&Shape::of(&scene), 1010);
    let (at, lane) = (layout.lanes[0], &scene.topics[0].lanes[0]);
    assert!(at.first_cell(lane) > lane.log_start);
    assert_eq!(at.x_of(lane, lane.log_start), at.older_x);
    assert!(at.x_of(lane, at.first_cell(lane) - 1) < at.cells_x);
    assert_eq!(at.x_of(lane, at.first_cell(lane)), at.cells_x);
    assert_eq!(at.x_of(lane, lane.log_end), at.cells_right());
}

fn flight(number: u64, route: Route) -> Sprite {
    Sprite {
        flight: number,
        route,
        back: false,
        cargo: Cargo::Command,
        count: 0,
        sent_at: SimTime(1_000),
        due_at: SimTime(2_000),
        fate: Fate::Arrives,
    }
}

#[test]
fn a_flight_leaves_and_arrives_at_its_virtual_time() {
    let mut scene = sample(3, 4, 2);
    let layout = Layout::of(&Shape::of(&scene), 1010);
    scene.flights = vec![flight(7, Route::Command)];
    let (client, api) = (layout.rect(Thing::Client).expect("drawn"), layout.rect(Thing::Api).expect("drawn"));
    let x = |scene: &mut Scene, now| {
        scene.now = SimTime(now);
        Picture::of(scene, &layout, Motion::Smooth).marks[0].at.x
    };
    assert_eq!(x(&mut scene, 1_000), client.right() as f32);
    assert_eq!(x(&mut scene, 2_000), api.x as f32);
    assert_eq!(x(&mut scene, 1_500), (client.right() + api.x) as f32 / 2.0);
    scene.flights[0].back = true;
    assert_eq!(x(&mut scene, 2_000), client.right() as f32);
}

#[test]
fn reduced_motion_moves_in_three_stops() {
    let mut scene = sample(3, 4, 2);
    let layout = Layout::of(&Shape::of(&scene), 1010);
    scene.flights = vec![flight(7, Route::Command)];
    let mut stops: Vec<f32> = (1_000..=2_000)
        .step_by(10)
        .map(|now| {
            scene.now = SimTime(now);
            Picture::of(&scene, &layout, Motion::Steps).marks[0].at.x
        })
        .collect();
    stops.dedup();
    assert_eq!(stops.len(), 3);
}

#[test]
fn a_lost_flight_stops_on_its_way() {
    let mut scene = sample(3, 4, 2);
    let layout = Layout::of(&Shape::of(&scene), 1010);
    scene.flights = vec![Sprite { fate: Fate::Lost, ..flight(7, Route::Command) }];
    scene.now = SimTime(1_990);
    let mark = Picture::of(&scene, &layout, Motion::Smooth).marks[0];
    assert!(mark.gone && mark.at.x < layout.rect(Thing::Api).expect("drawn").x as f32 - 5.0);
}

#[test]
fn more_than_two_hundred_flights_on_one_way_are_a_band_with_their_count() {
    let mut scene = sample(3, 4, 2);
    scene.now = SimTime(1_500);
    let layout = Layout::of(&Shape::of(&scene), 1010);
    scene.flights = (0..200).map(|n| flight(n, Route::Command)).chain([flight(999, Route::Query)]).collect();
    let picture = Picture::of(&scene, &layout, Motion::Smooth);
    assert_eq!((picture.marks.len(), picture.bands.len()), (201, 0));
    scene.flights.push(flight(200, Route::Command));
    let picture = Picture::of(&scene, &layout, Motion::Smooth);
    assert_eq!((picture.marks.len(), picture.bands[0].count), (1, 201));
    assert_eq!(picture.hit(picture.marks[0].at, 4.0), Some(999));
}
