//! A classifier's two pictures, as SVG: does confidence come true, and how much can be answered how precisely?

use std::fmt::Write;

use super::classification::Answer;

/// Parts into which confidence is cut in the picture.
const BINS: usize = 10;
/// Points of the coverage curve at most.
const POINTS: usize = 200;
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 400.0;
/// Room for the axes' words at the left and below.
const MARGIN: f64 = 56.0;
const INNER: f64 = 320.0;

/// Confidence against the share that was right, each point as large as it has texts; on the line is honest.
pub fn reliability_diagram(answers: &[Answer]) -> String {
    let mut svg = Picture::open("Does confidence come true?", "said to be right", "was right", 0.0);
    svg.line(&[(0.0, 0.0), (1.0, 1.0)], "#999999", "4 4");
    let judged = judged(answers);
    let bins = bins(&judged);
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.said, bin.right)).collect();
    svg.line(&points, "#1264a3", "");
    for bin in &bins {
        svg.dot((bin.said, bin.right), 3.0 + 12.0 * bin.share.sqrt(), &format!("{} texts", bin.count));
    }
    svg.close()
}

/// The share of texts answered, the surest first, against the share of those that was right.
pub fn coverage_curve(answers: &[Answer]) -> String {
    let points = curve(judged(answers));
    let least = points.iter().map(|(_, precision)| *precision).fold(1.0, f64::min);
    // From the next lower tenth on, so that the curve fills the picture.
    let floor = (least * 10.0).floor().clamp(0.0, 9.0) / 10.0;
    let mut svg = Picture::open("How much can be answered?", "answered", "right of those answered", floor);
    for level in [0.95, 0.98] {
        svg.line(&[(0.0, level), (1.0, level)], "#999999", "4 4");
    }
    svg.line(&points, "#1264a3", "");
    svg.close()
}

/// Probability and truth of each text that has a label.
fn judged(answers: &[Answer]) -> Vec<(f64, bool)> {
    let with_label = answers.iter().filter_map(|answer| Some((answer, answer.truth.as_deref()?)));
    with_label.map(|(answer, truth)| (answer.probability, truth == answer.said)).collect()
}

struct Bin {
    said: f64,
    right: f64,
    share: f64,
    count: usize,
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn bins(judged: &[(f64, bool)]) -> Vec<Bin> {
    let mut sums = [(0.0_f64, 0_usize, 0_usize); BINS];
    for (probability, right) in judged {
        let place = ((probability * BINS as f64) as usize).min(BINS - 1);
        if let Some(sum) = sums.get_mut(place) {
            *sum = (sum.0 + probability, sum.1 + usize::from(*right), sum.2 + 1);
        }
    }
    let filled = sums.iter().filter(|(_, _, count)| *count > 0);
    filled
        .map(|(said, right, count)| Bin {
            said: said / *count as f64,
            right: *right as f64 / *count as f64,
            share: *count as f64 / judged.len() as f64,
            count: *count,
        })
        .collect()
}

#[allow(clippy::cast_precision_loss)]
fn curve(mut judged: Vec<(f64, bool)>) -> Vec<(f64, f64)> {
    judged.sort_by(|left, right| right.0.total_cmp(&left.0));
    let step = judged.len().div_ceil(POINTS).max(1);
    let mut right = 0;
    let mut points = Vec::new();
    for (answered, (_, was_right)) in (1..).zip(&judged) {
        right += usize::from(*was_right);
        if answered % step == 0 || answered == judged.len() {
            points.push((answered as f64 / judged.len() as f64, right as f64 / answered as f64));
        }
    }
    points
}

/// Axes from 0 to 1 across and from `floor` to 1 upwards.
struct Picture {
    svg: String,
    floor: f64,
}

impl Picture {
    fn open(title: &str, across: &str, upwards: &str, floor: f64) -> Self {
        let mut new = Self { svg: String::new(), floor };
        let (left, bottom) = new.at((0.0, floor));
        new.put(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n<title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>"
        ));
        let middle = left + INNER / 2.0;
        new.text((middle, 20.0), title, "middle");
        new.text((middle, bottom + 38.0), across, "middle");
        let (x, y) = (16.0, bottom - INNER / 2.0);
        new.put(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\">{upwards}</text>"
        ));
        for step in 0..=5_u8 {
            let share = f64::from(step) / 5.0;
            let (x, _) = new.at((share, floor));
            new.text((x, bottom + 18.0), &format!("{share:.1}"), "middle");
            let height = floor + share * (1.0 - floor);
            let (_, y) = new.at((0.0, height));
            new.text((left - 6.0, y + 4.0), &format!("{height:.2}"), "end");
            new.line(&[(0.0, height), (1.0, height)], "#eeeeee", "");
        }
        new
    }

    fn put(&mut self, part: &str) {
        self.svg.push_str(part);
        self.svg.push('\n');
    }

    fn at(&self, (across, upwards): (f64, f64)) -> (f64, f64) {
        let height = (upwards - self.floor) / (1.0 - self.floor);
        (MARGIN + 8.0 + across * INNER, HEIGHT - MARGIN - height * INNER)
    }

    fn text(&mut self, (x, y): (f64, f64), words: &str, anchor: &str) {
        self.put(&format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"));
    }

    fn line(&mut self, points: &[(f64, f64)], colour: &str, dashes: &str) {
        let mut path = String::new();
        for point in points {
            let (x, y) = self.at(*point);
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        self.put(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\"/>",
            path.trim_end()
        ));
    }

    fn dot(&mut self, point: (f64, f64), radius: f64, title: &str) {
        let (x, y) = self.at(point);
        self.put(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#1264a3\" fill-opacity=\"0.5\"><title>{title}</title></circle>"
        ));
    }

    fn close(mut self) -> String {
        self.put("</svg>");
        self.svg
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, bins, coverage_curve, curve, judged, reliability_diagram};

    fn answers() -> Vec<Answer> {
        let answer = |truth: Option<&str>, probability: f64| Answer {
            truth: truth.map(str::to_owned),
            said: "a".to_owned(),
            probability,
            familiarity: 1.0,
        };
        vec![
            answer(Some("a"), 0.95),
            answer(Some("b"), 0.25),
            answer(Some("a"), 0.93),
            answer(None, 0.9),
            answer(Some("a"), 1.0),
        ]
    }

    #[test]
    fn points_are_those_computed_by_hand() {
        let judged = judged(&answers());
        let filled: Vec<(f64, usize)> = bins(&judged).iter().map(|bin| (bin.right, bin.count)).collect();
        assert_eq!(filled, [(0.0, 1), (1.0, 3)]);
        assert_eq!(curve(judged), [(0.25, 1.0), (0.5, 1.0), (0.75, 1.0), (1.0, 0.75)]);
    }

    #[test]
    fn pictures_are_whole_and_stay_in_their_frame() {
        for svg in
            [reliability_diagram(&answers()), coverage_curve(&answers()), coverage_curve(&[]), reliability_diagram(&[])]
        {
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
        assert!(coverage_curve(&answers()).contains("0.70"), "the axis begins at the next lower tenth");
    }
}
