//! Where items go: index lists for each output, and what `onError` makes of items that fail.

use model::workflow::OnError;
use model::{Item, Map, Value};
use part::{Ctx, Indices, Items, NodeError, Origin, Origins, Outcome, Outputs, PortOutput};

/// Sends the items of the first input to outputs, without touching them.
pub struct Routes {
    ports: Vec<Indices>,
    /// Error items for the first port under `continue`, each with its place among the port's items.
    errors: Vec<(usize, Item, usize)>,
    branch: Option<Outputs>,
    on_error: OnError,
}

impl Routes {
    /// Routes to that many outputs.
    pub fn new(ctx: &Ctx, ports: usize) -> Routes {
        let on_error = ctx.info().on_error;
        // A collector without ports of its own has the error branch alone.
        let branch = (on_error == OnError::ErrorBranch).then(|| ctx.outputs(0));
        Routes { ports: vec![Indices::default(); ports], errors: Vec::new(), branch, on_error }
    }

    /// Sends the item at a position to an output.
    pub fn send(&mut self, port: usize, position: usize) {
        if let Some(indices) = self.ports.get_mut(port) {
            indices.push(position as u32);
        }
    }

    /// An item failed. Under `continue` it goes to `instead` as it is, or as an error item to the first output.
    ///
    /// # Errors
    /// The error itself, when the node stops on errors.
    pub async fn fail(
        &mut self,
        position: usize,
        item: &Item,
        error: NodeError,
        instead: Option<usize>,
    ) -> Result<(), NodeError> {
        match (self.on_error, instead, &mut self.branch) {
            (OnError::ErrorBranch, _, Some(branch)) => branch.fail(position, item, error).await?,
            (OnError::Continue, Some(port), _) => self.send(port, position),
            (OnError::Continue, None, _) => {
                let text = Value::String(error.problem.detail);
                let json = Map::from_iter([("error".to_owned(), text)]);
                let place = self.ports.first().map_or(0, Indices::len) + self.errors.len();
                self.errors.push((place, Item::new(json), position));
            }
            _ => return Err(error.on_item(position)),
        }
        Ok(())
    }

    /// The end of the step.
    ///
    /// # Errors
    /// When failed items cannot be written.
    pub async fn done(self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let mut outputs: Vec<PortOutput> =
            self.ports.into_iter().map(|indices| PortOutput::Select { input: 0, indices }).collect();
        if !self.errors.is_empty() {
            outputs[0] = with_errors(ctx, &outputs[0], self.errors).await?;
        }
        if let Some(branch) = self.branch {
            outputs.extend(branch.finish().await?);
        }
        Ok(Outcome::Done(outputs))
    }
}

/// A port that holds items of the input and error items, in the order in which they came.
async fn with_errors(ctx: &Ctx, port: &PortOutput, errors: Vec<(usize, Item, usize)>) -> Result<PortOutput, NodeError> {
    let PortOutput::Select { indices, .. } = port else { return Ok(port.clone()) };
    let mut parts = Vec::new();
    let mut origins = Origins::default();
    let mut positions = indices.iter().peekable();
    let input = ctx.input(0);
    let mut place = 0;
    for (at, item, position) in errors {
        let mut before = Indices::default();
        while place < at
            && let Some(next) = positions.next()
        {
            before.push(next);
            origins.push(Origin::item(next as usize));
            place += 1;
        }
        parts.push(input.select(&before));
        parts.push(Items::from_vec(vec![item]));
        origins.push(Origin::item(position));
        place += 1;
    }
    let rest: Indices = positions.inspect(|next| origins.push(Origin::item(*next as usize))).collect();
    parts.push(input.select(&rest));
    Ok(PortOutput::Items { items: Items::concat(&parts), origins })
}
