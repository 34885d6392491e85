//! A terminal's screen as SVG.

use std::fmt::Write;

use vt100::{Cell, Color, Screen};

/// Of a cell, in pixels.
const WIDTH: usize = 8;
const HEIGHT: usize = 17;
const MARGIN: usize = 12;
/// Where letters stand, below the upper edge of their cell.
const BASELINE: usize = 13;

const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d5d8df";

/// What cells have in common that are drawn together.
#[expect(clippy::struct_excessive_bools, reason = "terminals have it so")]
#[derive(Clone, Copy, PartialEq)]
struct Style {
    colour: &'static str,
    is_bold: bool,
    is_dim: bool,
    is_inverse: bool,
    is_underlined: bool,
}

pub(crate) fn picture(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) =
        (usize::from(columns) * WIDTH + 2 * MARGIN, usize::from(rows) * HEIGHT + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"pynba top\">\n\
         <style>text{{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}}\
         .b{{font-weight:bold}}.d{{opacity:.6}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        let cells: Vec<&Cell> =
            (0..columns).filter_map(|column| screen.cell(row, column)).collect();
        draw_row(&mut svg, usize::from(row), &cells);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_row(svg: &mut String, row: usize, cells: &[&Cell]) {
    let (mut start, top) = (0, MARGIN + row * HEIGHT);
    while start < cells.len() {
        let style = style(cells[start]);
        let same = cells[start..].iter().take_while(|cell| self::style(cell) == style).count();
        draw_run(svg, MARGIN + start * WIDTH, top, style, &cells[start..start + same]);
        start += same;
    }
}

fn draw_run(svg: &mut String, left: usize, top: usize, style: Style, cells: &[&Cell]) {
    let width = cells.len() * WIDTH;
    let dim = if style.is_dim { " class=\"d\"" } else { "" };
    if style.is_inverse {
        rectangle(svg, [left, top, width, HEIGHT], style.colour, "");
    }
    if style.is_underlined {
        rectangle(svg, [left, top + HEIGHT - 2, width, 1], style.colour, dim);
    }
    let colour = if style.is_inverse { BACKGROUND } else { style.colour };
    let mut words: Vec<(usize, String)> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let text = match cell.contents() {
            "" => " ",
            text => text,
        };
        let at = left + index * WIDTH;
        if let Some(block) = block(text, at, top) {
            // As shapes, they do not depend on what the font makes of them.
            rectangle(svg, block, colour, dim);
        } else if text != " " {
            // Each word by itself: not every viewer heeds lengths, and columns have to stay.
            match words.last_mut() {
                Some((from, word)) if index == *from + word_length(word) => word.push_str(text),
                _ => words.push((index, text.to_owned())),
            }
        }
    }
    for (index, word) in words {
        write_text(svg, left + index * WIDTH, top + BASELINE, style, colour, &word);
    }
}

fn word_length(word: &str) -> usize {
    word.chars().count()
}

fn write_text(svg: &mut String, x: usize, y: usize, style: Style, colour: &str, text: &str) {
    let class = match (style.is_bold, style.is_dim) {
        (false, false) => "",
        (true, false) => " class=\"b\"",
        (false, true) => " class=\"d\"",
        (true, true) => " class=\"b d\"",
    };
    let length = word_length(text) * WIDTH;
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" fill=\"{colour}\"{class}>{text}</text>"
    );
}

fn rectangle(svg: &mut String, [x, y, width, height]: [usize; 4], colour: &str, class: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"{class}/>"
    );
}

/// The part of the cell that an element of a curve or a bar fills.
fn block(text: &str, x: usize, y: usize) -> Option<[usize; 4]> {
    let from_below = "▁▂▃▄▅▆▇█".chars().position(|block| text == block.to_string());
    let from_left = "▏▎▍▌▋▊▉".chars().position(|block| text == block.to_string());
    if let Some(eighths) = from_below {
        let height = (HEIGHT * (eighths + 1)).div_ceil(8);
        return Some([x, y + HEIGHT - height, WIDTH, height]);
    }
    from_left.map(|eighths| [x, y, (WIDTH * (eighths + 1)).div_ceil(8), HEIGHT])
}

fn style(cell: &Cell) -> Style {
    let colour = match cell.fgcolor() {
        Color::Idx(1 | 9) => "#ff6b6b",
        Color::Idx(2 | 10) => "#7ec97e",
        Color::Idx(6 | 14) => "#56c2d6",
        _ => FOREGROUND,
    };
    Style {
        colour,
        is_bold: cell.bold(),
        is_dim: cell.dim(),
        is_inverse: cell.inverse(),
        is_underlined: cell.underline(),
    }
}
