//! The log and the actions as files: the rows of the JSON, harmless in a spreadsheet.

use crate::harness::{TestApp, id};
use aerodb_control::model::answer::{LogPage, PAGE_ROWS_MAX};
use aerodb_control::model::export::{ActionsExport, ExportEnd, LogExport};
use aerodb_control::store::DATABASE_FILE;
use axum::http::header;
use http_body_util::BodyExt as _;
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

/// The rows of a file and its last one, which says whether these are all.
fn parted(csv: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows = reader.records().map(|row| row.expect("CSV").iter().map(str::to_owned).collect());
    let mut rows: Vec<Vec<String>> = rows.collect();
    let last = rows.pop().expect("a last row");
    (rows, last)
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    parted(csv).0
}

/// More records than any page holds.
async fn with_a_long_log() -> (TestApp, u64) {
    let app = with_some_actions().await;
    let olga = app.operator();
    let again = json!({
        "action_id": id(1), "kind": "switchover", "params": {"to": "n2"}, "reason": FORMULA,
    });
    for _ in 0..PAGE_ROWS_MAX {
        olga.post("/api/v1/actions", &again).await.expect(200);
    }
    let size = app.auditor().get("/api/v1/log/head").await.expect(200).json()["size"].clone();
    let size = size.as_u64().expect("a number");
    assert!(size > u64::from(PAGE_ROWS_MAX));
    (app, size)
}

/// C8.1, C9.1.
#[tokio::test]
async fn a_file_holds_everything_that_matches_and_its_last_row_says_so() {
    let (app, size) = with_a_long_log().await;
    let olga = app.operator();
    let reply = olga.get("/api/v1/log.csv").await.expect(200);
    let (found, last) = parted(&reply.body);
    let seqs: Vec<u64> = found.iter().map(|row| row[0].parse().expect("a number")).collect();
    assert_eq!(seqs, (0..size).rev().collect::<Vec<_>>(), "each once, newest first");
    assert_eq!(last[..2], ["complete".to_owned(), format!("{size} rows, which is everything")]);
    let named = reply.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert_eq!(named, "attachment; filename=\"test-aerodb-log-whole.csv\"");
    assert!(!reply.headers.contains_key(header::LINK), "there is nothing more");
    let text = olga.get("/api/v1/log.md").await.expect(200).body;
    assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count() as u64, size + 2);
    let place = "test aerodb; from the beginning to the end; no other filter";
    let last = format!("\ncomplete: {size} rows, which is everything; {place}\n");
    assert!(text.ends_with(&last), "{text}");
    let page = olga.get("/log/print").await.expect(200);
    assert_eq!(page.body.matches("<tr>").count() as u64, size + 1);
    let last = format!("<p class=\"end\">complete: {size} rows, which is everything; {place}.</p>");
    assert!(page.body.contains(&last), "{}", page.body);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    let some = "kind=duplicate&since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z";
    let reply = olga.get(&format!("/api/v1/log.csv?{some}")).await.expect(200);
    let (found, last) = parted(&reply.body);
    assert_eq!((found.len(), &*last[0]), (PAGE_ROWS_MAX as usize, "complete"));
    let of = ["test aerodb", "from 2026-01-01T00:00:00.000Z until before 2027-01-01T00:00:00.000Z"];
    assert_eq!(last[2..5], [of[0], of[1], "kind = duplicate"]);
    let named = reply.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert!(
        named.contains("log-from-20260101T000000000Z-to-20270101T000000000Z-filtered.csv"),
        "{named}"
    );
    let (found, last) = parted(&olga.get("/api/v1/actions.csv").await.expect(200).body);
    assert_eq!((found.len(), &*last[0]), (5, "complete"));
}

/// C6.1, C8.1: half an answer never looks like a whole one.
#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_says_so_and_is_broken_off() {
    let (app, _) = with_a_long_log().await;
    let raw = rusqlite::Connection::open(app.dir().join(DATABASE_FILE)).expect("the file");
    raw.execute_batch("DROP TRIGGER leaf_update").expect("a trigger");
    let changed = raw.execute("UPDATE leaf SET bytes = x'7b7d' WHERE seq = 2", []);
    assert_eq!(changed.expect("changed"), 1);
    for (path, word) in [
        ("/api/v1/log.csv", "\r\nincomplete,"),
        ("/api/v1/log.json", "],\"end\":{\"incomplete\":{"),
        ("/api/v1/log.md", "\nincomplete: "),
        ("/log/print", "<p class=\"end\">incomplete: "),
        ("/api/v1/report?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", "\"incomplete\":"),
        ("/report.md?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", "\nINCOMPLETE, after "),
    ] {
        let response = app.operator().response(path).await;
        assert_eq!(response.status().as_u16(), 200, "it had begun");
        let (mut body, mut text, mut broken) = (response.into_body(), String::new(), false);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    let bytes = frame.into_data().expect("data");
                    text.push_str(std::str::from_utf8(&bytes).expect("text"));
                }
                Err(_) => broken = true,
            }
        }
        assert!(broken && text.contains(word) && text.contains('2'), "{path}: {text}");
        assert!(!text.contains("which is everything") && !text.contains("\nComplete"), "{text}");
    }
}

/// C5.1: the same records and actions as the pages hold, in the same order.
#[tokio::test]
async fn a_document_of_json_holds_the_rows_of_all_pages() {
    let (app, size) = with_a_long_log().await;
    let olga = app.operator();
    let whole = olga.get("/api/v1/log.json?until=2027-01-01T00:00:00Z").await.expect(200);
    let named = whole.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert!(named.ends_with("log-to-20270101T000000000Z-whole.json\""), "{named}");
    let whole: LogExport = serde_json::from_str(&whole.body).expect("the form that is described");
    assert_eq!(whole.end, ExportEnd::Complete { rows: size });
    assert_eq!((&*whole.scope.environment, &*whole.scope.cluster), ("test", "aerodb"));
    let mut rows = Vec::new();
    let mut before = size;
    while before > 0 {
        let page = olga.get(&format!("/api/v1/log?before={before}&limit=200")).await.expect(200);
        let page: LogPage = serde_json::from_str(&page.body).expect("a page");
        before = page.records.last().expect("a record").record.seq;
        rows.extend(page.records);
    }
    assert_eq!(whole.records, rows);
    let part = olga.get("/api/v1/actions.json?limit=2&actor=olga").await.expect(200);
    assert!(
        part.headers[header::LINK].to_str().expect("text").starts_with("</api/v1/actions.json?")
    );
    let part: ActionsExport = serde_json::from_str(&part.body).expect("the form that is described");
    assert_eq!(part.actions.len(), 2);
    assert!(matches!(part.end, ExportEnd::Part { rows: 2, before: Some(_) }), "{:?}", part.end);
    assert_eq!(part.scope.filter, [("actor".to_owned(), "olga".to_owned())].into());
    let refused = olga.get("/log/print?kind=promoted").await.expect(400).body;
    assert!(refused.contains("role=\"alert\"") && !refused.contains("class=\"end\""), "{refused}");
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
            let (page, last) = parted(&reply.body);
            assert!(!page.is_empty() && page.len() <= 2, "{path}");
            assert_eq!(last[0], "part");
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
    let page = app.operator().get("/actions/print").await.expect(200).body;
    assert!(page.contains("&quot;y&quot;") && !page.contains("href=\"http"), "{page}");
    for path in ["/api/v1/log.md", "/api/v1/actions.md"] {
        let text = app.operator().get(path).await.expect(200).body;
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        let cells = lines[0].matches(" | ").count();
        for line in lines {
            assert_eq!(line.replace("\\|", "").matches(" | ").count(), cells, "{line}");
            assert!(!line.contains("](") && !line.contains('<'), "{line}");
        }
    }
}
