//! The system, as anybody can use it: over HTTP.

use std::time::Duration;

use marquee_lambda::Error;
use reqwest::{Client, Method, header::LINK};
use serde_json::{Value, json};

const ANSWER_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Canteen {
    http: Client,
    url: String,
}

/// What can be ordered of an item, and what orders have of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    pub available: usize,
    pub reserved: usize,
}

impl Canteen {
    pub fn at(url: impl Into<String>) -> Self {
        let url = url.into().trim_end_matches('/').to_owned();
        Self { http: Client::new(), url }
    }

    pub async fn put_stock(&self, item: &str, count: usize) -> Result<(), Error> {
        let path = format!("/inventory/{item}");
        self.call(Method::PUT, &path, Some(&json!({ "stock": count }))).await.map(drop)
    }

    pub async fn stock(&self, item: &str) -> Result<Stock, Error> {
        let found = self.call(Method::GET, &format!("/inventory/{item}"), None).await?;
        Ok(Stock { available: count(&found["stock"])?, reserved: count(&found["reserved"])? })
    }

    /// The order's id.
    pub async fn place(&self, item: &str, student: &str) -> Result<String, Error> {
        let order = json!({ "item": item, "qty": 1, "student_id": student });
        let placed = self.call(Method::POST, "/order", Some(&order)).await?;
        Ok(placed["order_id"].as_str().ok_or("an order without an id")?.to_owned())
    }

    pub async fn orders_of(&self, student: &str) -> Result<Vec<Value>, Error> {
        self.all(&format!("/orders?student_id={student}&limit=1000")).await
    }

    pub async fn notifications(&self) -> Result<Vec<Value>, Error> {
        self.all("/notifications?limit=1000").await
    }

    /// Takes a queue's consumer away, or gives it back.
    pub async fn set_enabled(&self, queue: &str, enabled: bool) -> Result<(), Error> {
        let path = format!("/_host/queues/{queue}/mapping");
        self.call(Method::PUT, &path, Some(&json!({ "enabled": enabled }))).await.map(drop)
    }

    /// How many messages wait in a queue.
    pub async fn backlog(&self, queue: &str) -> Result<usize, Error> {
        let queues = self.call(Method::GET, "/_host/queues", None).await?;
        let mut queues = queues.as_array().ok_or("no list of queues")?.iter();
        let found = queues.find(|found| found["name"] == queue).ok_or("no such queue")?;
        count(&found["messages"]["ready"])
    }

    async fn all(&self, path: &str) -> Result<Vec<Value>, Error> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let (page, link) = self.answer(Method::GET, &next, None).await?;
            items.extend(page.as_array().ok_or("no list")?.iter().cloned());
            let Some(link) = link else { return Ok(items) };
            next = next_page(&link).ok_or_else(|| format!("{link} leads nowhere"))?.to_owned();
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        self.answer(method, path, body).await.map(|(body, _)| body)
    }

    /// The body, and the `Link` header if there is one.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Value, Option<String>), Error> {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method.clone(), &url).timeout(ANSWER_MAX);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let link = answer.headers().get(LINK).map(|link| link.to_str().map(str::to_owned));
        let link = link.transpose()?;
        let body: Value = answer.json().await?;
        match status.is_success() {
            true => Ok((body, link)),
            false => Err(format!("{method} {path}: {status} {}", body["detail"]).into()),
        }
    }
}

/// The path in `<path>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (path, rest) = link.strip_prefix('<')?.split_once('>')?;
    rest.contains("rel=\"next\"").then_some(path)
}

fn count(value: &Value) -> Result<usize, Error> {
    let count = value.as_u64().ok_or_else(|| format!("{value} is not a count"))?;
    Ok(usize::try_from(count)?)
}
