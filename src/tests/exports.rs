//! The log and the actions as files: the rows of the JSON, harmless in a spreadsheet.

use crate::harness::{TestApp, id};
use axum::http::header;
use serde_json::json;

const FORMULA: &str = "=HYPERLINK(\"http\\://x\",\"y\")";

async fn with_some_actions() -> TestApp {
    let app = TestApp::new().await;
    let olga = app.operator();
    for number in 1..=5u8 {
        let body = json!({
            "action_id": id(number), "kind": "switchover", "params": {"to": "n2"},
            "reason": FORMULA,
        });
        olga.post("/api/v1/actions", &body).await.expect(201);
    }
    app
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|row| row.expect("CSV").iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn every_page_of_the_csv_holds_the_rows_of_the_json_until_no_page_is_left() {
    let app = with_some_actions().await;
    let olga = app.operator();
    for (name, list, key) in [("log", "records", "seq"), ("actions", "actions", "seq")] {
        let page = olga.get(&format!("/api/v1/{name}?limit=200")).await.expect(200).json();
        let wanted: Vec<String> =
            page[list].as_array().expect("rows").iter().map(|row| row[key].to_string()).collect();
        let (mut found, mut next) = (Vec::new(), Some(format!("/api/v1/{name}.csv?limit=2")));
        while let Some(path) = next {
            let reply = olga.get(&path).await.expect(200);
            assert_eq!(
                reply.headers[header::CONTENT_TYPE],
                "text/csv; charset=utf-8; header=present"
            );
            let page = rows(&reply.body);
            assert!(!page.is_empty() && page.len() <= 2, "{path}");
            found.extend(page.into_iter().map(|row| row[0].clone()));
            let link = reply.headers.get(header::LINK).map(|link| link.to_str().expect("text"));
            next = link.map(|link| link[1..link.find('>').expect("an address")].to_owned());
        }
        assert_eq!(found, wanted, "{name}");
    }
}

#[tokio::test]
async fn a_filter_holds_in_a_file_as_on_the_page_and_for_its_next_pages() {
    let app = with_some_actions().await;
    let path = "/api/v1/log.csv?kind=requested&limit=2";
    let reply = app.auditor().get(path).await.expect(200);
    assert!(rows(&reply.body).iter().all(|row| row[7] == "requested"));
    let link = reply.headers[header::LINK].to_str().expect("text").to_owned();
    assert!(link.contains("kind=requested") && link.ends_with("; rel=\"next\""), "{link}");
    let refused = app.auditor().get("/api/v1/log.csv?kind=promoted").await.expect(400);
    assert_eq!(refused.code(), "input_invalid");
    app.anonymous().get("/api/v1/log.md").await.expect(401);
}

#[tokio::test]
async fn a_reason_is_no_formula_in_a_table_and_no_markup_in_a_ticket() {
    let app = with_some_actions().await;
    let csv = app.operator().get("/api/v1/log.csv").await.expect(200).body;
    for row in rows(&csv) {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    assert!(csv.contains("HYPERLINK"));
    for path in ["/api/v1/log.md", "/api/v1/actions.md"] {
        let text = app.operator().get(path).await.expect(200).body;
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let cells = lines[0].matches(" | ").count();
        for line in lines {
            assert_eq!(line.replace("\\|", "").matches(" | ").count(), cells, "{line}");
            assert!(!line.contains("](") && !line.contains('<'), "{line}");
        }
    }
}
