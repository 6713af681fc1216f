//! The store's contract. The tests in `intake`, `jobs`, `commits`, `tickets`, `audit`, `people`, `questions`, `labels` and `sign_ins` know nothing of the database:
//! each takes an empty store, and `contract!` runs all of them for every kind there is. `embedded` tests what is true of the
//! `SQLite` file alone.

mod answers;
mod audit;
mod commits;
mod durability;
mod embedded;
mod fixture;
mod forged;
mod intake;
mod jobs;
mod labels;
mod open_work;
mod people;
mod questions;
mod sign_ins;
mod speed;
mod tickets;

/// Runs the contract against one kind of store; `$open` gives a [`fixture::Fixture`] with an empty one.
macro_rules! contract {
    ($kind:ident, $open:path, { $($part:ident: $($test:ident),+ $(,)?;)+ }) => {
        mod $kind {
            $(mod $part {
                $(#[tokio::test]
                async fn $test() {
                    let fixture = $open();
                    super::super::$part::$test(&fixture.store).await;
                })+
            })+
        }
    };
}

contract!(sqlite, crate::store::fixture::Fixture::new, {
    intake:
        records_an_event_once,
        keeps_only_the_key_where_nobody_watches,
        answers_many_callers_at_once,
        interprets_a_serial_in_order,
        accounts_for_events_and_replays_unread_ones,
        interprets_at_once_what_a_clock_that_was_ahead_dated,
        interprets_what_comes_after_a_long_silence,
        forgets_what_has_served,
        forgets_what_could_not_be_read_in_time;
    jobs:
        hands_out_the_longest_due_first,
        claims_thousands_of_due_timers_in_bounded_batches,
        counts_a_crash_when_a_lease_runs_out,
        fences_a_late_worker,
        renews_a_lease,
        remembers_what_was_about_to_be_sent,
        keeps_a_call_in_doubt_until_it_surely_did_nothing,
        keeps_a_retried_job_at_the_head_of_its_serial,
        lets_a_far_timer_block_nobody,
        lets_an_earlier_newcomer_go_first,
        does_not_count_an_attempt_that_was_put_off,
        keeps_lanes_apart,
        forgets_dead_letters_once_people_were_told,
        buries_and_revives,
        queues_the_same_cause_once,
        tells_when_there_is_something_to_do;
    commits:
        keeps_all_or_nothing,
        refuses_a_moved_version,
        gives_a_message_one_ticket,
        gives_a_helpdesk_ticket_one_ticket,
        isolates_commands_that_share_a_transaction,
        numbers_tickets_once;
    tickets:
        reads_back_every_field,
        finds_by_source,
        finds_the_request_that_a_message_may_join,
        counts_open_work,
        lists_newest_first,
        keeps_decisions_to_the_byte,
        keeps_policies;
    audit:
        an_empty_trail_holds,
        a_trail_holds_and_lists,
        an_older_anchor_still_holds,
        another_trail_s_anchor_does_not;
    people:
        erases_all_words_of_a_person,
        refuses_words_read_before_the_erasure,
        seals_what_is_said_later_under_a_new_key,
        leaves_others_alone,
        takes_their_words_out_of_others_tickets;
    labels:
        counts_the_last_answer_of_a_ticket,
        keeps_a_label_with_its_ticket_or_not_at_all,
        keeps_what_a_language_model_stated_by_itself,
        erases_the_words_and_keeps_the_answer,
        numbers_versions_and_keeps_what_is_pinned;
    sign_ins:
        keeps_one_sign_in_for_a_server,
        puts_nothing_over_a_newer_sign_in;
    questions:
        settles_a_question_once,
        forgets_what_was_settled_long_ago_and_keeps_what_is_open;
    answers:
        keeps_an_answer_once_and_settles_it_once,
        a_click_allows_its_own_action_until_it_is_done,
        a_click_alone_allows_nothing_that_a_ticket_is_wanted_for,
        an_erased_asker_leaves_neither_question_nor_answer,
        counts_silence_apart_and_forgets_in_time;
});
