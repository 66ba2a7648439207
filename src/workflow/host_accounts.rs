//! What is done to accounts on the word of somebody with access to the data directory: each change with its
//! record in the same transaction (C9.1). The sessions that end with it end in that transaction too.

use super::access::{Access, Failed, console};
use crate::authority::accounts;
use crate::authority::accounts::RoleChange;
use crate::authority::stored::password_mark;
use crate::ledger::Draft;
use crate::model::actor::ActorRole;
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use crate::model::text::ActorName;

impl Access {
    /// Makes an account, on the word of somebody with access to the data directory.
    ///
    /// # Errors
    /// `input_invalid`, also when the name is taken; `audit_unavailable`.
    pub async fn add_account(&self, name: &str, role: &str, password: &str) -> Result<(), Refusal> {
        let (name, role) = (ActorName::parse(name)?, ActorRole::parse(role)?);
        let password = self.hash(password, &name).await?;
        let (ledger, _, now) = self.parts();
        let added = self.store.write(move |tx| -> Result<(), Failed> {
            let mark = password_mark(&password);
            accounts::create(tx, &name, role, &password, now)?;
            let created = Entry::AccountCreated { name, role, identity: None };
            let draft = Draft::new(Some(console()), None, created).marked(Some(mark), None);
            ledger.append_in(tx, vec![draft])?;
            Ok(())
        });
        Ok(added.await?)
    }

    /// Gives an account another role, on the word of somebody with access to the data directory. Its
    /// sessions end in the same transaction: no session acts under one role and audits under another.
    ///
    /// # Errors
    /// `input_invalid`, also when there is no such account, it has the role already, or it is the last
    /// operator; `audit_unavailable`.
    pub async fn change_role(&self, name: &str, role: &str) -> Result<RoleChange, Refusal> {
        let (name, to) = (ActorName::parse(name)?, ActorRole::parse(role)?);
        let (ledger, _, now) = self.parts();
        let changed = self.store.write(move |tx| -> Result<RoleChange, Failed> {
            let change = accounts::change_role(tx, &name, to, now)?;
            let RoleChange { from, sessions_ended } = change;
            let entry = Entry::RoleChanged { name, from, to, sessions_ended };
            ledger.append_in(tx, vec![Draft::new(Some(console()), None, entry)])?;
            Ok(change)
        });
        Ok(changed.await?)
    }

    /// Gives an account another password, on the word of somebody with access to the data directory. Its
    /// sessions end in the same transaction; their number is the answer.
    ///
    /// # Errors
    /// `input_invalid`, also when there is no such account or a provider says who signs in with it;
    /// `audit_unavailable`.
    pub async fn change_password(&self, name: &str, password: &str) -> Result<u64, Refusal> {
        let name = ActorName::parse(name)?;
        let password = self.hash(password, &name).await?;
        let (ledger, _, now) = self.parts();
        let changed = self.store.write(move |tx| -> Result<u64, Failed> {
            let mark = password_mark(&password);
            let sessions_ended = accounts::change_password(tx, &name, &password, now)?;
            let entry = Entry::PasswordChanged { name, sessions_ended };
            let draft = Draft::new(Some(console()), None, entry).marked(Some(mark), None);
            ledger.append_in(tx, vec![draft])?;
            Ok(sessions_ended)
        });
        Ok(changed.await?)
    }

    /// Ends the sessions of an account, on the word of somebody with access to the data directory. Their
    /// number is the answer; the account signs in again as before.
    ///
    /// # Errors
    /// `input_invalid`, also when there is no such account; `audit_unavailable`.
    pub async fn end_sessions(&self, name: &str) -> Result<u64, Refusal> {
        let name = ActorName::parse(name)?;
        let (ledger, _, now) = self.parts();
        let ended = self.store.write(move |tx| -> Result<u64, Failed> {
            let sessions_ended = accounts::end_sessions(tx, &name, now)?;
            let entry = Entry::SessionsEnded { name, sessions_ended };
            ledger.append_in(tx, vec![Draft::new(Some(console()), None, entry)])?;
            Ok(sessions_ended)
        });
        Ok(ended.await?)
    }

    /// Removes an account, on the word of somebody with access to the data directory. Its sessions end in
    /// the same transaction.
    ///
    /// # Errors
    /// `input_invalid`, also when there is no such account or it is the last operator;
    /// `audit_unavailable`.
    pub async fn remove_account(&self, name: &str) -> Result<RoleChange, Refusal> {
        let name = ActorName::parse(name)?;
        let (ledger, _, now) = self.parts();
        let removed = self.store.write(move |tx| -> Result<RoleChange, Failed> {
            let change = accounts::remove(tx, &name, now)?;
            let RoleChange { from: role, sessions_ended } = change;
            let entry = Entry::AccountRemoved { name, role, sessions_ended };
            ledger.append_in(tx, vec![Draft::new(Some(console()), None, entry)])?;
            Ok(change)
        });
        Ok(removed.await?)
    }
}
