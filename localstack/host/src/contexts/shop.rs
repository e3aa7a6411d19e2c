//! The shop, deployed here.

pub mod demo;

use std::{sync::Arc, time::Duration};

use marquee_kernel::time::Clock;
use marquee_lambda::{Error, config, consumer::Consumer, route::Api};
use marquee_messaging::publisher::Publisher;
use marquee_shop::store::ShopStore;
use on_cart_approved::OnCartApproved;
use on_invoice_requested::OnInvoiceRequested;
use on_invoice_result::OnInvoiceResult;
use on_purchase_recorded::OnPurchaseRecorded;
use on_shop_event::OnShopEvent;
use process_invoices::Processor;

use super::{Deployed, Environment, HttpFunction, Scheduled, tick};

pub(super) const APIS: &[Api] =
    &[games_api::API, carts_api::API, invoices_api::API, purchases_api::API, aggregator_api::API];

pub(super) async fn load_demo(environment: Environment<'_>) -> Result<(), Error> {
    demo::load(&ShopStore::new(environment.table("shop")), environment.clock.now()).await
}

pub(super) fn deploy(environment: Environment<'_>) -> Result<Deployed, Error> {
    let store = ShopStore::new(environment.table("shop"));
    Ok(Deployed {
        http: apis(environment, &store),
        consumers: consumers(environment, &store),
        scheduled: scheduled(environment, store)?,
    })
}

fn apis(environment: Environment<'_>, store: &ShopStore) -> Vec<HttpFunction> {
    let identity = environment.identity();
    let (store, clock) = (|| store.clone(), || environment.clock());
    let games = games_api::AppState { store: store(), clock: clock() };
    let carts = carts_api::AppState { store: store(), clock: clock() };
    let invoices = invoices_api::AppState { store: store() };
    let purchases = purchases_api::AppState { store: store(), clock: clock() };
    let aggregator = aggregator_api::AppState { store: store() };
    vec![
        HttpFunction { api: games_api::API, router: games_api::router(games, identity) },
        HttpFunction { api: carts_api::API, router: carts_api::router(carts, identity) },
        HttpFunction { api: invoices_api::API, router: invoices_api::router(invoices, identity) },
        HttpFunction {
            api: purchases_api::API,
            router: purchases_api::router(purchases, identity),
        },
        HttpFunction {
            api: aggregator_api::API,
            router: aggregator_api::router(aggregator, identity),
        },
    ]
}

fn consumers(environment: Environment<'_>, store: &ShopStore) -> Vec<Consumer> {
    let (store, clock) = (|| store.clone(), || environment.clock());
    let requested = OnInvoiceRequested { store: store(), clock: clock() };
    let result = OnInvoiceResult { store: store(), clock: clock() };
    let approved = OnCartApproved { store: store(), clock: clock() };
    let recorded = OnPurchaseRecorded { store: store(), clock: clock() };
    let event = OnShopEvent { store: store() };
    vec![
        environment.consumer(on_invoice_requested::QUEUE, requested),
        environment.consumer(on_invoice_result::QUEUE, result),
        environment.consumer(on_cart_approved::QUEUE, approved),
        environment.consumer(on_purchase_recorded::QUEUE, recorded),
        environment.consumer(on_shop_event::QUEUE, event),
    ]
}

fn scheduled(environment: Environment<'_>, store: ShopStore) -> Result<Vec<Scheduled>, Error> {
    let processor = Processor {
        store: store.clone(),
        payments: environment.settings.payments.on(environment.table("shop")),
        clock: environment.clock(),
    };
    let limits = process_invoices::Limits::from_env()?;
    let process = Scheduled {
        name: "process-invoices",
        every: config::seconds_or("PROCESS_INVOICES_EVERY_SECONDS", Duration::from_secs(1))?,
        job: Box::new(move || Box::pin(process_invoices(processor.clone(), limits))),
    };
    let (publisher, clock) = (environment.broker.publisher(), environment.clock());
    let limits = retry_carts::Limits::from_env()?;
    let retry = Scheduled {
        name: "retry-carts",
        every: config::seconds_or("RETRY_CARTS_EVERY_SECONDS", Duration::from_secs(300))?,
        job: Box::new(move || {
            Box::pin(retry_carts(store.clone(), publisher.clone(), clock.clone(), limits))
        }),
    };
    Ok(vec![process, retry])
}

async fn process_invoices(processor: Processor, limits: process_invoices::Limits) {
    let run = process_invoices::run(&processor, limits);
    tick("process-invoices", |report| report.overdue > 0, run).await;
}

async fn retry_carts(
    store: ShopStore,
    publisher: Arc<dyn Publisher>,
    clock: Arc<dyn Clock>,
    limits: retry_carts::Limits,
) {
    let run = retry_carts::run(&store, &*publisher, &*clock, limits);
    tick("retry-carts", |_| false, run).await;
}
