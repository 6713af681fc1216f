//! The counts of open work, beside the tickets that they count.

use deskbell_domain::decision::Load;
use deskbell_domain::ids::{QueueId, SquadId};
use deskbell_domain::ticket::{Status, Ticket};
use rusqlite::Connection;

use super::fixture::{Fixture, put, ticket, workspace};

/// A decision reads its load on the one connection that writes: what it reads must not grow with the open tickets.
#[tokio::test]
async fn reading_the_load_touches_no_ticket_and_agrees_with_the_tickets() {
    let fixture = Fixture::new();
    let squads = [Some("payments"), Some("login"), None];
    let statuses = [Status::Received, Status::Resolved, Status::Following];
    // Each ticket takes every squad and status in turn.
    for step in 0..9_u64 {
        for number in 1..=4_u64 {
            let turn = usize::try_from(step * number + step / 3).unwrap();
            let ticket = Ticket {
                status: statuses[turn % 3],
                squad: squads[(turn / 3) % 3].map(SquadId::new),
                queue: squads[turn % 3].map(QueueId::new),
                ..ticket(number, "U1")
            };
            put(&fixture.store, ticket, step).await;
            let counted = Connection::open(&fixture.config.path).unwrap();
            let of = |column: &str| -> Vec<(String, u32)> {
                let sql = format!(
                    "SELECT {column}, count(*) FROM tickets WHERE is_open = 1 AND {column} IS NOT NULL GROUP BY 1"
                );
                let mut statement = counted.prepare(&sql).unwrap();
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                rows.map(Result::unwrap).collect()
            };
            let load = fixture.store.load(&workspace(), None).await.unwrap();
            let squads = load.squads.iter().map(|(squad, open)| (squad.to_string(), *open)).collect::<Vec<_>>();
            let queues = load.queues.iter().map(|(queue, open)| (queue.to_string(), *open)).collect::<Vec<_>>();
            assert_eq!((squads, queues), (of("squad"), of("queue")), "ticket {number}, step {step}");
        }
    }
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute("DELETE FROM tickets", []).unwrap();
    assert_eq!(fixture.store.load(&workspace(), None).await.unwrap(), Load::default());
    let plan: String = conn
        .query_row(
            "EXPLAIN QUERY PLAN SELECT name, tickets FROM open_work WHERE workspace = 'T' AND kind = 'squad' AND tickets > 0",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert_eq!(plan, "SEARCH open_work USING PRIMARY KEY (workspace=? AND kind=?)");
}
