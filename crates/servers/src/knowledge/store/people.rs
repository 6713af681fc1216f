//! Who is who at the sources, and the vectors of texts.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::super::audience::{Directory, Email, Principal};

/// What is known of people.
pub(in super::super) fn directory(connection: &Connection) -> rusqlite::Result<Directory> {
    let mut directory = Directory::default();
    let mut accounts = connection.prepare_cached("SELECT account, email FROM accounts")?;
    let accounts = accounts.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in accounts {
        let (account, email) = row?;
        if let Some(email) = Email::parse(&email) {
            directory.add_account(email, Principal::confluence_user(&account));
        }
    }
    let mut members = connection.prepare_cached("SELECT member_of, account FROM members")?;
    let members = members.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in members {
        let (group, account) = row?;
        directory.add_member(&Principal::confluence_group(&group), Principal::confluence_user(&account));
    }
    Ok(directory)
}

/// Writes who the accounts belong to and who is in the groups, all anew.
pub(in super::super) fn put(
    transaction: &Transaction<'_>,
    accounts: &[(String, Email)],
    members: &[(String, String)],
) -> rusqlite::Result<()> {
    transaction.execute_batch("DELETE FROM accounts; DELETE FROM members")?;
    for (account, email) in accounts {
        transaction.execute("INSERT OR IGNORE INTO accounts VALUES (?1, ?2)", [account, email.as_str()])?;
    }
    for (group, account) in members {
        transaction.execute("INSERT OR IGNORE INTO members VALUES (?1, ?2)", [group, account])?;
    }
    Ok(())
}

/// The vector of the text with this digest.
pub(in super::super) fn vector(connection: &Connection, digest: &[u8]) -> rusqlite::Result<Option<Vec<f32>>> {
    let mut statement = connection.prepare_cached("SELECT vector FROM vectors WHERE digest = ?1")?;
    let bytes: Option<Vec<u8>> = statement.query_row([digest], |row| row.get(0)).optional()?;
    Ok(bytes.map(|bytes| {
        let numbers = bytes.as_chunks::<4>().0.iter();
        numbers.map(|four| f32::from_le_bytes(*four)).collect()
    }))
}

/// Keeps vectors by their texts' digests.
pub(in super::super) fn put_vectors(
    transaction: &Transaction<'_>,
    vectors: &[(Vec<u8>, Vec<f32>)],
) -> rusqlite::Result<()> {
    for (digest, vector) in vectors {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        transaction.execute("INSERT OR REPLACE INTO vectors VALUES (?1, ?2)", params![digest, bytes])?;
    }
    Ok(())
}
