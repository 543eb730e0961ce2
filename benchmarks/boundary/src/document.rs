//! A document of a megabyte.

use serde_json::{Value, json};

/// A list of records with numbers, texts, lists and missing values, about a megabyte as JSON.
pub fn document() -> Value {
    let records: Vec<Value> = (0..4300)
        .map(|i| {
            json!({
                "id": i,
                "name": format!("customer number {i}"),
                "email": format!("c{i}@example.org"),
                "balance": f64::from(i) * 1.25,
                "active": i % 3 == 0,
                "tags": ["new", format!("group{}", i % 17), "paying"],
                "address": { "street": format!("{i} Main Street"), "city": "Springfield", "zip": null },
                "scores": [i, i + 1, i + 2, i * 2, i * 3],
            })
        })
        .collect();
    json!({ "records": records })
}
