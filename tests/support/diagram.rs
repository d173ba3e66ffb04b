//! Draws a diagram of boxes and arrows as SVG from lines of text; docs/chain.txt has the format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

const BOX: (u32, u32) = (180, 56);
const CELL: (u32, u32) = (290, 140);
const MARGIN: u32 = 20;

struct Shape<'a> {
    x: u32,
    y: u32,
    text: &'a str,
}

/// The links that stand at the arrows.
pub fn links(source: &str) -> Vec<&str> {
    let arrows = source.lines().filter_map(|line| line.strip_prefix("arrow "));
    arrows.flat_map(|arrow| arrow.splitn(3, ' ').nth(2).unwrap().split(", ")).collect()
}

/// The whole SVG document.
pub fn svg(source: &str) -> String {
    let mut boxes = BTreeMap::new();
    for line in source.lines().filter_map(|line| line.strip_prefix("box ")) {
        let [name, column, row, text] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let at = |number: &str, cell: u32| MARGIN + number.parse::<u32>().unwrap() * cell;
        boxes.insert(name, Shape { x: at(column, CELL.0), y: at(row, CELL.1), text });
    }
    let width = boxes.values().map(|shape| shape.x + BOX.0).max().unwrap() + MARGIN;
    let height = boxes.values().map(|shape| shape.y + BOX.1).max().unwrap() + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0 L8 4 L0 8 z\" fill=\"#57606a\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for line in source.lines().filter_map(|line| line.strip_prefix("arrow ")) {
        let [from, to, links] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        arrow(&mut svg, &boxes[from], &boxes[to], links);
    }
    for Shape { x, y, text } in boxes.values() {
        let (width, height) = BOX;
        writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#eef3fb\" stroke=\"#57606a\"/>").unwrap();
        centred(&mut svg, x + width / 2, y + height / 2, &wrapped(text, 20), "font-weight=\"bold\"");
    }
    svg + "</svg>\n"
}

fn arrow(svg: &mut String, from: &Shape<'_>, to: &Shape<'_>, links: &str) {
    let (from_x, from_y) = edge(from, to);
    let (to_x, to_y) = edge(to, from);
    writeln!(
        svg,
        "<line x1=\"{from_x}\" y1=\"{from_y}\" x2=\"{to_x}\" y2=\"{to_y}\" stroke=\"#57606a\" marker-end=\"url(#head)\"/>"
    )
    .unwrap();
    let style = "fill=\"#9a3412\" stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\" font-size=\"11\"";
    centred(svg, u32::midpoint(from_x, to_x), u32::midpoint(from_y, to_y), &wrapped(links, 14), style);
}

/// Where an arrow to another box leaves this one: the middle of a side, or a corner.
fn edge(of: &Shape<'_>, towards: &Shape<'_>) -> (u32, u32) {
    let middle = |start: u32, length: u32, other: u32| match start.cmp(&other) {
        std::cmp::Ordering::Less => start + length,
        std::cmp::Ordering::Equal => start + length / 2,
        std::cmp::Ordering::Greater => start,
    };
    (middle(of.x, BOX.0, towards.x), middle(of.y, BOX.1, towards.y))
}

fn centred(svg: &mut String, x: u32, y: u32, lines: &[String], style: &str) {
    let first = y + 5 - 7 * u32::try_from(lines.len() - 1).unwrap();
    for (line, y) in lines.iter().zip((first..).step_by(14)) {
        writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" {style}>{line}</text>").unwrap();
    }
}

/// Breaks a text at spaces into lines of about `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            word.clone_into(line);
        } else if line.len() + word.len() < width {
            line.extend([" ", word]);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
