//! A vendor's `OpenAPI` 3.0 document, and whether an exchange keeps to it: a compact check of what such documents use
//! (references, required and unknown fields, types, formats, enumerations, lengths).

use serde_json::Value;

/// The environment variable that names the folder of the vendors' documents.
const FOLDER: &str = "DESKBELL_OPENAPI";

pub struct OpenApi {
    root: Value,
}

/// One request with its answer, as a box recorded it.
pub struct Exchange<'e> {
    pub method: &'e str,
    pub path: &'e str,
    pub query: &'e [(String, String)],
    pub body: &'e Value,
    pub status: u16,
    pub answer: &'e Value,
}

impl OpenApi {
    /// The document of this name; says so when there is no folder, and fails when the folder lacks it.
    pub fn load(file: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) else {
            println!(
                "not checked against {file}: set {FOLDER} to the folder that holds the vendors' OpenAPI documents"
            );
            return None;
        };
        let path = std::path::Path::new(&folder).join(file);
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{FOLDER}: {}: {error}", path.display()));
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
        Some(Self::new(if is_yaml {
            serde_norway::from_slice(&text).unwrap()
        } else {
            serde_json::from_slice(&text).unwrap()
        }))
    }

    pub fn new(mut root: Value) -> Self {
        for path in root["paths"].as_object_mut().into_iter().flatten().map(|(_, path)| path) {
            let shared: Vec<Value> = items(&path["parameters"]).cloned().collect();
            for (name, operation) in path.as_object_mut().into_iter().flatten() {
                if name != "parameters" && operation.is_object() && !shared.is_empty() {
                    let own = items(&operation["parameters"]).cloned();
                    operation["parameters"] = shared.iter().cloned().chain(own).collect();
                }
            }
        }
        Self { root }
    }

    /// What the document says of a property of a schema, its parts included.
    pub fn property(&self, schema: &str, name: &str) -> Option<&Value> {
        self.property_of(&self.root["components"]["schemas"][schema], name)
    }

    fn property_of<'v>(&'v self, schema: &'v Value, name: &str) -> Option<&'v Value> {
        let schema = self.resolved(schema);
        let own = schema["properties"].get(name);
        own.or_else(|| items(&schema["allOf"]).find_map(|part| self.property_of(part, name)))
    }

    /// The template of the exchange's path, such as `/stories/{id}`, and its operation.
    pub fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let fits = |template: &str| {
            let (given, wanted) = (path.split('/'), template.split('/'));
            given.clone().count() == wanted.clone().count()
                && given.zip(wanted).all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
        };
        let paths = self.root["paths"].as_object()?;
        let matching = paths.iter().filter(|(template, _)| fits(template));
        // `/stories/search` is both itself and a `/stories/{id}`.
        let (template, operations) = matching.min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template, operations.get(method.to_lowercase())?))
    }

    /// What is wrong with the exchange, a line each.
    pub fn faults(&self, exchange: &Exchange) -> Vec<String> {
        let name = format!("{} {}", exchange.method, exchange.path);
        let Some((_, operation)) = self.operation(exchange.method, exchange.path) else {
            return vec![format!("{name}: no such operation")];
        };
        let mut faults = Vec::new();
        self.check_query(operation, exchange.query, &name, &mut faults);
        match operation.pointer("/requestBody").map(|body| self.resolved(body)) {
            None if exchange.body.is_null() => {}
            None => faults.push(format!("{name}: takes no body")),
            Some(body) => {
                let schema = &body["content"]["application/json"]["schema"];
                self.check(schema, exchange.body, &format!("{name} body"), &mut faults);
            }
        }
        match operation["responses"].get(exchange.status.to_string()) {
            None => faults.push(format!("{name}: {} is no documented status", exchange.status)),
            Some(response) => {
                if let Some(schema) = self.resolved(response).pointer("/content/application~1json/schema") {
                    self.check(schema, exchange.answer, &format!("{name} answer"), &mut faults);
                }
            }
        }
        faults
    }

    fn check_query(&self, operation: &Value, query: &[(String, String)], name: &str, faults: &mut Vec<String>) {
        let documented: Vec<&Value> = items(&operation["parameters"]).map(|item| self.resolved(item)).collect();
        let in_query = |parameter: &&&Value| parameter["in"] == "query";
        for (key, text) in query {
            match documented.iter().filter(in_query).find(|parameter| parameter["name"] == key.as_str()) {
                None => faults.push(format!("{name}: unknown query parameter {key}")),
                Some(parameter) => {
                    let schema = self.resolved(&parameter["schema"]);
                    let schema = if schema["type"] == "array" { self.resolved(&schema["items"]) } else { schema };
                    let value = match schema["type"].as_str() {
                        Some("string") | None => Value::String(text.clone()),
                        Some(_) => serde_json::from_str(text).unwrap_or(Value::String(text.clone())),
                    };
                    self.check(schema, &value, &format!("{name} ?{key}"), faults);
                }
            }
        }
        for parameter in documented.iter().filter(in_query).filter(|parameter| parameter["required"] == true) {
            if !query.iter().any(|(key, _)| parameter["name"] == key.as_str()) {
                faults.push(format!("{name}: no query parameter {}", parameter["name"]));
            }
        }
    }

    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let target = self.root.pointer(reference.trim_start_matches('#'));
                self.resolved(target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
            }
            None => value,
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for part in items(&schema["allOf"]) {
            self.check(part, value, at, faults);
        }
        for alternatives in ["oneOf", "anyOf"] {
            let mut alternatives = items(&schema[alternatives]).peekable();
            let fits = |part: &Value| {
                let mut faults = Vec::new();
                self.check(part, value, at, &mut faults);
                faults.is_empty()
            };
            if alternatives.peek().is_some() && !alternatives.any(fits) {
                faults.push(format!("{at}: {value} fits no alternative"));
            }
        }
        if schema["enum"].is_array() && !items(&schema["enum"]).any(|word| word == value) {
            faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !fits {
            faults.push(format!("{at}: {value} is no {}", schema["type"]));
            return;
        }
        match value {
            Value::Object(_) => self.check_object(schema, value, at, faults),
            Value::Array(_) => self.check_array(schema, value, at, faults),
            Value::String(text) => check_text(schema, text, at, faults),
            _ => {}
        }
    }

    fn check_object(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let empty = serde_json::Map::new();
        for name in items(&schema["required"]).filter_map(Value::as_str) {
            if value.get(name).is_none() {
                faults.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, item) in value.as_object().unwrap_or(&empty) {
            let at = format!("{at}.{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (None, Value::Bool(false)) => faults.push(format!("{at}: unknown")),
                (Some(schema), _) | (None, schema @ Value::Object(_)) => self.check(schema, item, &at, faults),
                _ => {}
            }
        }
    }

    fn check_array(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let all: Vec<&Value> = items(value).collect();
        for (place, item) in all.iter().enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{place}]"), faults);
            if schema["uniqueItems"] == true && all[..place].contains(item) {
                faults.push(format!("{at}: {item} twice"));
            }
        }
    }
}

fn check_text(schema: &Value, text: &str, at: &str, faults: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    let within = schema["minLength"].as_u64().is_none_or(|least| length >= least)
        && schema["maxLength"].as_u64().is_none_or(|most| length <= most);
    if !within {
        faults.push(format!("{at}: {length} characters"));
    }
    let digits = |parts: &[usize], separator: char, text: &str| {
        let given: Vec<&str> = text.split(separator).collect();
        given.iter().map(|part| part.len()).eq(parts.iter().copied())
            && given.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let is_date = |text: &str| digits(&[4, 2, 2], '-', text);
    let fits = match schema["format"].as_str() {
        Some("uuid") => digits(&[8, 4, 4, 4, 12], '-', text),
        Some("date") => is_date(text),
        Some("date-time") => {
            let time = |time: &str| time.len() >= 9 && (time.ends_with('Z') || time.contains(['+', '-']));
            text.split_once('T').is_some_and(|(date, clock)| is_date(date) && time(clock))
        }
        _ => true,
    };
    if !fits {
        faults.push(format!("{at}: {text:?} is no {}", schema["format"]));
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_each_kind_of_fault() {
        let document = OpenApi::new(json!({
            "components": { "schemas": { "Thing": {
                "type": "object", "additionalProperties": false, "required": ["name"],
                "properties": {
                    "name": { "type": "string", "maxLength": 3 }, "kind": { "type": "string", "enum": ["a", "b"] },
                    "owner": { "type": "string", "format": "uuid", "nullable": true },
                    "due": { "type": "string", "format": "date-time" },
                    "ids": { "type": "array", "uniqueItems": true, "items": { "type": "integer" } },
                    "either": { "oneOf": [{ "type": "integer" }, { "type": "boolean" }] },
                },
            } } },
            "paths": {
                "/things/{id}": { "put": {
                    "parameters": [{ "in": "query", "name": "size", "required": true, "schema": { "type": "integer" } }],
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
                    "responses": { "200": {} },
                } },
                "/things/search": { "put": { "responses": { "200": { "content": { "application/json": {
                    "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                } } } } } },
            },
        }));
        let faults = |path: &str, query: &[(&str, &str)], body: Value, answer: Value| {
            let query: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            let exchange = Exchange { method: "PUT", path, query: &query, body: &body, status: 200, answer: &answer };
            document.faults(&exchange).join("\n")
        };
        let whole = json!({
            "name": "abc", "kind": "a", "owner": null, "due": "2026-02-01T00:00:00Z", "ids": [1, 2], "either": true,
        });
        assert_eq!(faults("/things/1", &[("size", "3")], whole.clone(), Value::Null), "");
        assert_eq!(faults("/things/search", &[], Value::Null, json!([whole])), "");
        for (change, expected) in [
            (json!({ "name": "abcd" }), "4 characters"),
            (json!({ "name": null }), "null is no \"string\""),
            (json!({ "kind": "c" }), "\"c\" is none of"),
            (json!({ "owner": "ben" }), "is no \"uuid\""),
            (json!({ "due": "tomorrow" }), "is no \"date-time\""),
            (json!({ "ids": [1, 1] }), "1 twice"),
            (json!({ "ids": ["1"] }), "is no \"integer\""),
            (json!({ "either": "x" }), "fits no alternative"),
            (json!({ "colour": "red" }), "colour: unknown"),
        ] {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let found = faults("/things/1", &[("size", "3")], body, Value::Null);
            assert!(found.contains(expected), "{found}");
        }
        assert!(faults("/things/1", &[("size", "3")], json!({}), Value::Null).contains("name is missing"));
        assert!(faults("/things/1", &[], whole.clone(), Value::Null).contains("no query parameter \"size\""));
        assert!(faults("/things/1", &[("size", "x")], whole.clone(), Value::Null).contains("is no \"integer\""));
        assert!(faults("/things/1", &[("colour", "x")], whole.clone(), Value::Null).contains("unknown query"));
        assert!(faults("/things/search", &[], whole, json!([])).contains("takes no body"));
        assert!(faults("/other", &[], Value::Null, Value::Null).contains("no such operation"));
    }
}
