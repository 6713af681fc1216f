//! Why a customer's words can't break out of a template.
//!
//! Each text that a template writes is escaped as the inside of a JSON string and led by [`MARK`], a character that JSON
//! allows inside strings only. So a text inside quotes cannot end them, and a text outside quotes makes the document
//! unreadable whatever the text is: a forgotten quote fails on the first sample, never on the first attack. The marks are
//! taken away after parsing.

use std::fmt::Write;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, Value as Given};
use serde_json::{Map, Value};

/// A Unicode noncharacter: never part of a text meant for exchange, and taken out of every text that a template writes.
const MARK: char = '\u{FDD0}';

/// Takes over how values are written, and takes away what would write them otherwise.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Custom("json".into()));
    environment.set_formatter(write_value);
    for way_around in ["safe", "escape", "e", "tojson", "pprint"] {
        environment.remove_filter(way_around);
    }
    environment.remove_global("debug");
    environment.add_filter("json", whole_json);
}

fn write_value(out: &mut Output, _state: &mut State, value: &Given) -> Result<(), Error> {
    if value.is_safe() {
        // What a macro or a {% set %} block has written: escaped already, by this function.
        return out.write_str(value.as_str().unwrap_or_default()).map_err(Error::from);
    }
    let refuse = |message: &'static str| Err(Error::new(ErrorKind::InvalidOperation, message));
    match value.kind() {
        ValueKind::String => write_text(out, value.as_str().unwrap_or_default()),
        ValueKind::Number | ValueKind::Bool => {
            let number = serde_json::to_string(value)
                .map_err(|fault| Error::new(ErrorKind::BadSerialization, fault.to_string()))?;
            out.write_str(&number).map_err(Error::from)
        }
        ValueKind::None | ValueKind::Undefined => refuse("an absent value is written: guard it with {% if %}"),
        _ => refuse("a list or map is written: loop over it, or write it outside quotes with |json"),
    }
}

fn write_text(out: &mut Output, text: &str) -> Result<(), Error> {
    let quoted = serde_json::to_string(&unmarked(text))
        .map_err(|fault| Error::new(ErrorKind::BadSerialization, fault.to_string()))?;
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    out.write_char(MARK).and_then(|()| out.write_str(inside)).map_err(Error::from)
}

/// The filter `json`: a whole value as JSON, to stand outside quotes.
fn whole_json(value: &Given) -> Result<Given, Error> {
    let bad = |fault: serde_json::Error| Error::new(ErrorKind::BadSerialization, fault.to_string());
    let json = on_texts(serde_json::to_value(value).map_err(bad)?, &|text| format!("{MARK}{}", unmarked(&text)));
    Ok(Given::from_safe_string(serde_json::to_string(&json).map_err(bad)?))
}

fn unmarked(text: &str) -> String {
    text.replace(MARK, "")
}

/// Reads a rendered template: commas before a closing bracket are forgiven, marks are taken away.
pub(super) fn parse(rendered: &str) -> Result<Value, serde_json::Error> {
    let json = serde_json::from_str(&without_trailing_commas(rendered))?;
    Ok(on_texts(json, &|text| unmarked(&text)))
}

fn on_texts(value: Value, change: &impl Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| on_texts(item, change)).collect(),
        Value::Object(fields) => {
            let changed = fields.into_iter().map(|(key, field)| (change(key), on_texts(field, change)));
            Value::Object(changed.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn without_trailing_commas(rendered: &str) -> String {
    let mut kept = String::with_capacity(rendered.len());
    // A comma and the white space after it, held back until it is known what follows.
    let mut held = String::new();
    let mut in_string = false;
    let mut escaped = false;
    for c in rendered.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            kept.push(c);
            continue;
        }
        if !held.is_empty() && c.is_ascii_whitespace() {
            held.push(c);
            continue;
        }
        let comma = if matches!(c, ']' | '}') { held.strip_prefix(',').unwrap_or(&held) } else { &held };
        kept.push_str(comma);
        held.clear();
        if c == ',' {
            held.push(c);
        } else {
            in_string = c == '"';
            kept.push(c);
        }
    }
    kept + &held
}

/// The given 1-based line of a rendered sample, shortened, for an error message.
pub(super) fn line_of(rendered: &str, line: usize) -> String {
    let found = rendered.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    unmarked(found.trim()).chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn render(source: &str, text: &str) -> Result<Value, String> {
        let mut environment = super::super::bare_environment();
        environment.add_template_owned("t.json.j2", source.to_owned()).map_err(|fault| fault.to_string())?;
        let template = environment.get_template("t.json.j2").map_err(|fault| fault.to_string())?;
        let rendered = template
            .render(context! { text => text.to_owned(), none => None::<u8>, list => vec![text.to_owned()] })
            .map_err(|fault| fault.to_string())?;
        parse(&rendered).map_err(|fault| fault.to_string())
    }

    const HOSTILE: &[&str] = &[
        "",
        "\"",
        "\"},{",
        "\\",
        "\\\"",
        "\u{0}\n\r\t\u{7f}\u{2028}",
        "{{ text }}",
        "1",
        "true",
        "[]",
        ", \"x\": 1, \"y\":",
        "\u{FDD0}",
        "\u{FDD0}\"",
        "1, 2",
        "null",
        "🔔\u{202e}",
    ];

    #[test]
    fn a_text_inside_quotes_comes_out_as_it_went_in() {
        for text in HOSTILE {
            let expected = text.replace(MARK, "");
            assert_eq!(render(r#"{"a": "{{ text }}", "b": 1,}"#, text).unwrap()["a"], expected);
            assert_eq!(
                render(r#"{% macro m(x) %}<{{ x }}>{% endmacro %}["{{ m(text) }}",]"#, text).unwrap()[0],
                format!("<{expected}>")
            );
            assert_eq!(render(r#"{% set x %}{{ text }}{% endset %}["{{ x }}"]"#, text).unwrap()[0], expected);
            assert_eq!(render("[{{ list|json }}]", text).unwrap()[0][0], expected);
        }
    }

    #[test]
    fn a_text_outside_quotes_is_refused_whatever_it_is() {
        for text in HOSTILE {
            assert!(render(r#"{"a": {{ text }}}"#, text).is_err());
            assert!(render(r#"["a" {{ text }}]"#, text).is_err());
            assert!(render(r#"["{{ list|json }}"]"#, text).is_err());
            assert!(render(r"{% autoescape false %}[{{ text }}]{% endautoescape %}", text).is_err());
            assert!(render(r#"{% autoescape "html" %}[{{ text }}]{% endautoescape %}"#, text).is_err());
        }
    }

    #[test]
    fn the_ways_around_are_closed() {
        for source in [
            r#"["{{ text|safe }}"]"#,
            r#"["{{ text|e }}"]"#,
            r#"["{{ text|tojson }}"]"#,
            "[{{ none }}]",
            "{{ missing }}",
            "[\"{{ list }}\"]",
        ] {
            assert!(render(source, "x").is_err(), "{source}");
        }
    }

    #[test]
    fn only_a_comma_before_a_closing_bracket_is_forgiven() {
        let read = |text: &str| parse(text).map(|value| value.to_string()).map_err(drop);
        assert_eq!(read("[1, 2 , \n ]").unwrap(), "[1,2]");
        assert_eq!(read(r#"{"a": ",]\",}",}"#).unwrap(), r#"{"a":",]\",}"}"#);
        assert_eq!(read("[1,,]"), Err(()));
        assert_eq!(read("[1],"), Err(()));
    }

    #[test]
    fn a_loop_without_end_runs_out_of_fuel() {
        let source = "[{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}]";
        assert!(render(source, "x").unwrap_err().contains("fuel"));
    }
}
