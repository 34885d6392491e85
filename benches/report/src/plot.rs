//! The plot: what requests cost with pynba and its peers, and what a timer costs among many.
//!
//! It has a background of its own, so that it can be read on light pages and on dark ones.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::row::Row;

const WORKLOADS: [&str; 4] = ["W0", "W10", "W100", "D10"];
/// Colours that the colour-blind can tell apart.
const WHO: [(&str, RGBColor); 5] = [
    ("F", RGBColor(127, 127, 127)),
    ("pynba", RGBColor(0, 114, 178)),
    ("fastrace", RGBColor(230, 159, 0)),
    ("tracing", RGBColor(0, 158, 115)),
    ("cadence, buffered", RGBColor(204, 121, 167)),
];
const FONT: &str = "sans-serif";

type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) fn draw(rows: &[Row], path: &Path) -> Drawn {
    let area = SVGBackend::new(path, (920, 760)).into_drawing_area();
    area.fill(&WHITE)?;
    let (upper, lower) = area.split_vertically(440);
    peers(rows, &upper)?;
    timers(rows, &lower)?;
    area.present()?;
    Ok(())
}

/// A group of bars for each workload.
fn peers(rows: &[Row], area: &Area<'_>) -> Drawn {
    let bars = WHO.map(|(who, _)| WORKLOADS.map(|workload| ratio(rows, workload, who)));
    let highest = bars.as_flattened().iter().copied().fold(1.0, f64::max);
    // A group is a hundred wide, with a name in its middle.
    let names = (0..400).with_key_points(vec![50, 150, 250, 350]);
    let mut chart = ChartBuilder::on(area)
        .caption("time of a request as a ratio to F, which does the same by hand", (FONT, 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(44)
        .build_cartesian_2d(names, 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(WORKLOADS.len())
        .x_label_formatter(&|x| WORKLOADS[usize::try_from(x / 100).unwrap_or(0)].to_owned())
        .y_label_formatter(&|y| format!("{y:.0}"))
        .label_style((FONT, 14))
        .light_line_style(WHITE)
        .draw()?;
    for (((who, colour), heights), at) in WHO.into_iter().zip(bars).zip(0..) {
        let left = |group: i32| 100 * group + 8 + 17 * at;
        let each = || heights.into_iter().zip(0..);
        chart
            .draw_series(each().map(|(height, group)| {
                let x = left(group);
                Rectangle::new([(x, 0.0), (x + 15, height)], colour.filled())
            }))?
            .label(who)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        chart.draw_series(each().map(|(height, group)| {
            let at = (left(group) + 8, height + 0.01 * highest);
            Text::new(format!("{height:.2}"), at, centred())
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font((FONT, 14))
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

/// What each of many timers costs; a level line where the cost does not grow.
fn timers(rows: &[Row], area: &Area<'_>) -> Drawn {
    let points: Vec<_> = rows.iter().filter_map(of_many).collect();
    let highest = points.iter().map(|(.., [_, high])| *high).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(
            "nanoseconds for each of many timers, without `send`; 10000 are merged",
            (FONT, 18),
        )
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(44)
        .build_cartesian_2d((7.0..14_000.0).log_scale(), 0.0..highest * 1.15)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .label_style((FONT, 14))
        .light_line_style(WHITE)
        .draw()?;
    let colour = WHO[1].1;
    chart.draw_series(LineSeries::new(
        points.iter().map(|(x, y, _)| (*x, *y)),
        colour.stroke_width(2),
    ))?;
    chart.draw_series(points.iter().map(|(x, y, _)| Circle::new((*x, *y), 4, colour.filled())))?;
    let spread = |(x, _, [low, high]): &(f64, f64, [f64; 2])| {
        PathElement::new([(*x, *low), (*x, *high)], colour.stroke_width(1))
    };
    chart.draw_series(points.iter().map(spread))?;
    chart.draw_series(points.iter().map(|(x, y, [_, high])| {
        Text::new(format!("{y:.0}"), (*x, high + 0.02 * highest), centred())
    }))?;
    Ok(())
}

/// # Panics
///
/// When there is no such row: then the benchmarks name them in another way.
fn ratio(rows: &[Row], workload: &str, who: &str) -> f64 {
    let what = format!("{workload}, {who}");
    let mut peers = rows.iter().filter(|row| row.section == "peers");
    peers.find(|row| row.what == what).unwrap_or_else(|| panic!("no row {what}")).middle
}

/// The number of timers, the time of each, and its quartiles.
fn of_many(row: &Row) -> Option<(f64, f64, [f64; 2])> {
    let number = row.what.strip_prefix("each of ")?.split(' ').next()?.parse().ok()?;
    Some((number, row.middle, row.quartiles.unwrap_or([row.middle; 2])))
}

/// Numbers that stand upon a point.
fn centred() -> TextStyle<'static> {
    TextStyle::from((FONT, 12)).pos(Pos::new(HPos::Center, VPos::Bottom))
}
