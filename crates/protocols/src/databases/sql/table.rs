//! What a node does with one table: from its parameters and an item to statements.

use model::{Item, Map, Value};
use part::NodeError;

use super::Dialect;
use super::build::{Builder, without_empty_texts};
use super::params::{Combine, Condition, Mapping, Sort};
use super::text::Piece;

/// A table, and what is wanted of it.
pub struct Table<'p> {
    /// How its database writes SQL.
    pub dialect: Dialect,
    /// What it is in, where that has a name of its own.
    pub schema: Option<&'p str>,
    /// Its name.
    pub name: &'p str,
    /// Where the values of a row come from.
    pub mapping: Mapping,
    /// Values by column.
    pub values: &'p Map,
    /// Fields that make a row.
    pub fields: &'p [String],
    /// Columns by which a row is found.
    pub matching: &'p [String],
    /// Value of the first of them, when it is not among the others.
    pub match_value: Option<&'p Value>,
    /// Empty texts are no value.
    pub empty_is_null: bool,
    /// Rows that are read or deleted.
    pub conditions: &'p [Condition],
    /// How conditions are joined.
    pub combine: Combine,
    /// Order of what is read.
    pub sort: &'p [Sort],
    /// Most rows that are read.
    pub limit: Option<u64>,
    /// Leaves out rows that were there before.
    pub distinct: bool,
    /// Columns that come out.
    pub output: &'p [String],
    /// A row that is there already is left as it is.
    pub skip_on_conflict: bool,
}

impl Table<'_> {
    /// A statement that begins like this, up to the table's name.
    pub fn begin(&self, start: &str) -> Result<Builder, NodeError> {
        if self.name.trim().is_empty() {
            return Err(NodeError::parameter("/params/table", "the table is missing").permanent());
        }
        let mut builder = Builder::new(self.dialect, start);
        match (self.dialect, self.schema) {
            // Its users write `database.table`.
            (Dialect::Mysql, _) => builder.dotted(self.name)?,
            (_, Some(schema)) => builder.name(schema)?.sql(".").name(self.name)?,
            (_, None) => builder.name(self.name)?,
        };
        Ok(builder)
    }

    /// Reads rows.
    pub fn select(&self) -> Result<Piece, NodeError> {
        let mut columns = Builder::new(self.dialect, if self.distinct { "SELECT DISTINCT " } else { "SELECT " });
        let start = columns.columns(self.output)?.sql(" FROM ").done().sql;
        let mut builder = self.begin(&start)?;
        builder.conditions(self.conditions, self.combine)?.order(self.sort)?;
        if let Some(limit) = self.limit {
            builder.sql(" LIMIT ").bind(limit.into());
        }
        Ok(builder.done())
    }

    /// Deletes the rows that the conditions select.
    pub fn delete_rows(&self) -> Result<Piece, NodeError> {
        Ok(self.begin("DELETE FROM ")?.conditions(self.conditions, self.combine)?.done())
    }

    /// The row that an item asks for.
    pub fn row(&self, item: &Item) -> Map {
        match self.mapping {
            Mapping::AutoMapInputData if self.empty_is_null => without_empty_texts(&item.json),
            Mapping::AutoMapInputData => item.json.clone(),
            Mapping::DefineBelow => {
                let mut row = self.values.clone();
                if let (Some(value), Some(column)) = (self.match_value, self.matching.first()) {
                    row.insert(column.clone(), value.clone());
                }
                if self.empty_is_null { without_empty_texts(&row) } else { row }
            }
            Mapping::Pick => self.fields.iter().map(|field| picked(item, self.column_name(field))).collect(),
        }
    }

    /// Columns to match on; there must be one.
    pub fn matching(&self) -> Result<Vec<&str>, NodeError> {
        let columns: Vec<&str> = self.matching.iter().map(|column| self.column_name(column)).collect();
        if columns.is_empty() || columns.contains(&"") {
            let detail = "there is no column to match on: name the columns by which a row is found";
            return Err(NodeError::parameter("/params/matchingColumns", detail).permanent());
        }
        Ok(columns)
    }

    /// The row that an item asks for in place of the one that its columns to match on find.
    pub fn row_to_find(&self, item: &Item) -> Result<Map, NodeError> {
        let columns = self.matching()?;
        let mut row = self.row(item);
        if self.mapping == Mapping::Pick {
            row.extend(columns.iter().map(|column| picked(item, column)));
        }
        found_by(&row, &columns)?;
        Ok(row)
    }

    /// Adds a row.
    pub fn insert(&self, row: &Map) -> Result<Piece, NodeError> {
        let mut builder = self.insert_into(row)?;
        if self.skip_on_conflict {
            builder.sql(" ON CONFLICT DO NOTHING");
        }
        self.returning(builder)
    }

    /// Changes the rows that have the values of the columns to match on.
    pub fn update(&self, row: &Map) -> Result<Piece, NodeError> {
        let columns = self.matching()?;
        if row.keys().all(|column| columns.contains(&column.as_str())) {
            let detail = "there are no values to update: the item has only the columns to match on";
            return Err(NodeError::bad_data(detail).permanent());
        }
        let mut builder = self.begin("UPDATE ")?;
        builder.sql(" SET ");
        self.set(&mut builder, row, &columns)?;
        builder.sql(" WHERE ");
        for (at, column) in columns.iter().enumerate() {
            builder.sql(if at > 0 { " AND " } else { "" }).name(column)?.sql(" = ");
            self.bind(&mut builder, column, row.get(*column).cloned().unwrap_or_default())?;
        }
        self.returning(builder)
    }

    /// Adds a row, or changes the one that has its values in the columns to match on.
    pub fn upsert(&self, row: &Map) -> Result<Piece, NodeError> {
        let columns = self.matching()?;
        let mut builder = self.insert_into(row)?;
        let known = row.keys().all(|column| columns.contains(&column.as_str()));
        if self.dialect == Dialect::Mysql {
            builder.sql(" ON DUPLICATE KEY UPDATE ");
            match known {
                // The row is as it is.
                true => _ = builder.name(columns[0])?.sql(" = ").name(columns[0])?,
                false => self.set(&mut builder, row, &columns)?,
            }
            return Ok(builder.done());
        }
        builder.sql(" ON CONFLICT (").names(columns.iter().copied())?.sql(")");
        if known {
            builder.sql(" DO NOTHING");
        } else {
            builder.sql(" DO UPDATE SET ");
            self.set(&mut builder, row, &columns)?;
        }
        self.returning(builder)
    }

    fn insert_into(&self, row: &Map) -> Result<Builder, NodeError> {
        let mut builder = self.begin("INSERT INTO ")?;
        if row.is_empty() && self.dialect != Dialect::Mysql {
            builder.sql(" DEFAULT VALUES");
            return Ok(builder);
        }
        builder.sql(" (").names(row.keys().map(String::as_str))?.sql(") VALUES (");
        for (at, (column, value)) in row.iter().enumerate() {
            builder.sql(if at > 0 { ", " } else { "" });
            self.bind(&mut builder, column, value.clone())?;
        }
        builder.sql(")");
        Ok(builder)
    }

    fn set(&self, builder: &mut Builder, row: &Map, but: &[&str]) -> Result<(), NodeError> {
        for (at, (column, value)) in row.iter().filter(|(column, _)| !but.contains(&column.as_str())).enumerate() {
            builder.sql(if at > 0 { ", " } else { "" }).name(column)?.sql(" = ");
            self.bind(builder, column, value.clone())?;
        }
        Ok(())
    }

    /// Adds a value, converted where the parameters say so.
    fn bind(&self, builder: &mut Builder, column: &str, value: Value) -> Result<(), NodeError> {
        match self.column_type(column)? {
            Some(kind) => builder.sql("CAST(").bind(value).sql(" AS ").sql(kind).sql(")"),
            None => builder.bind(value),
        };
        Ok(())
    }

    /// `id` of `id:int`, which PostgreSQL's users write.
    fn column_name<'f>(&self, field: &'f str) -> &'f str {
        let typed = field.split_once(':').filter(|_| self.dialect == Dialect::Postgres);
        typed.map_or(field, |(name, _)| name).trim()
    }

    /// `int` of `id:int`, if it is a type's name and nothing else.
    fn column_type(&self, column: &str) -> Result<Option<&str>, NodeError> {
        if self.dialect != Dialect::Postgres {
            return Ok(None);
        }
        let all = self.fields.iter().chain(self.matching);
        let found = all.filter_map(|field| field.split_once(':')).find(|(name, _)| name.trim() == column);
        let Some((_, kind)) = found.map(|(name, kind)| (name, kind.trim())) else { return Ok(None) };
        let fits = |c: char| c.is_ascii_alphanumeric() || "_ .,()[]".contains(c);
        if kind.is_empty() || !kind.chars().all(fits) {
            return Err(NodeError::bad_data(format!("`{kind}` is no name of a type")).permanent());
        }
        Ok(Some(kind))
    }

    /// What was written comes out, where the database can say it.
    fn returning(&self, mut builder: Builder) -> Result<Piece, NodeError> {
        if self.dialect == Dialect::Mysql {
            return Ok(builder.done());
        }
        Ok(builder.sql(" RETURNING ").columns(self.output)?.done())
    }
}

/// The row has a value in each of these columns.
pub fn found_by(row: &Map, columns: &[&str]) -> Result<(), NodeError> {
    let missing = columns.iter().find(|column| row.get(**column).is_none_or(Value::is_null));
    missing.map_or(Ok(()), |column| {
        Err(NodeError::bad_data(format!("the item has no `{column}`, by which the row is found"))
            .hint("add the field before this node, or give its value with the mapping `defineBelow`")
            .permanent())
    })
}

fn picked(item: &Item, name: &str) -> (String, Value) {
    (name.to_owned(), item.json.get(name).cloned().unwrap_or_default())
}
