//! Where an answer leads: from what names a thing to what takes the name.

use serde_json::{Value, json};

/// The operation that answers, its status, the operation that its answer leads to, and that one's
/// parameters and body.
type Link = (&'static str, &'static str, &'static str, Value, Value);

pub(crate) fn add(api: &mut Value) {
    for (source, status, target, parameters, body) in links() {
        let mut link = json!({ "operationId": target });
        if !parameters.is_null() {
            link["parameters"] = parameters;
        }
        if !body.is_null() {
            link["requestBody"] = body;
        }
        operation(api, source)["responses"][status]["links"][target] = link;
    }
}

fn operation<'a>(api: &'a mut Value, id: &str) -> &'a mut Value {
    let paths = api["paths"].as_object_mut().expect("paths");
    let mut all =
        paths.values_mut().flat_map(|path| path.as_object_mut().expect("a path").values_mut());
    all.find(|operation| operation["operationId"] == id)
        .unwrap_or_else(|| panic!("no operation {id}"))
}

/// From the answer that names a thing (operation, status) to what takes the name: the target, its
/// parameters, and its body.
#[rustfmt::skip]
fn links() -> Vec<Link> {
    vec![
        ("post_internal_sessions_session_id_seats_reserve", "200", "post_internal_sessions_session_id_seats_confirm", json!({"session_id": "$request.path.session_id"}), json!({"session_seat_ids": "$response.body#/session_seat_ids", "reservation_id": "$response.body#/reservation_id"})),
        ("post_internal_sessions_session_id_seats_reserve", "200", "post_internal_sessions_session_id_seats_release", json!({"session_id": "$request.path.session_id"}), json!({"session_seat_ids": "$response.body#/session_seat_ids", "reservation_id": "$response.body#/reservation_id"})),
        ("post_admin_price_tiers", "201", "get_price_tiers_price_tier_id", json!({"price_tier_id": "$response.body#/price_tier_id"}), Value::Null),
        ("post_events", "201", "get_events_event_id", json!({"event_id": "$response.body#/event_id"}), Value::Null),
        ("post_events", "201", "get_sessions", json!({"event_id": "$response.body#/event_id"}), Value::Null),
        ("post_events", "201", "post_sessions", Value::Null, json!({"event_id": "$response.body#/event_id"})),
        ("post_halls_hall_id_seats", "201", "get_halls_hall_id_seats", json!({"hall_id": "$response.body#/hall_id"}), Value::Null),
        ("post_halls_hall_id_seats", "201", "get_halls_hall_id_seats_seat_id", json!({"hall_id": "$response.body#/hall_id", "seat_id": "$response.body#/seat_id"}), Value::Null),
        ("post_halls_hall_id_seats", "201", "post_sessions", Value::Null, json!({"hall_id": "$response.body#/hall_id"})),
        ("post_locations", "201", "get_locations_location_id", json!({"location_id": "$response.body#/location_id"}), Value::Null),
        ("post_locations", "201", "post_locations_location_id_halls", json!({"location_id": "$response.body#/location_id"}), Value::Null),
        ("post_locations", "201", "get_locations_location_id_halls", json!({"location_id": "$response.body#/location_id"}), Value::Null),
        ("post_locations_location_id_halls", "201", "get_halls_hall_id", json!({"hall_id": "$response.body#/hall_id"}), Value::Null),
        ("post_locations_location_id_halls", "201", "post_halls_hall_id_seats", json!({"hall_id": "$response.body#/hall_id"}), Value::Null),
        ("post_locations_location_id_halls", "201", "get_halls_hall_id_seats", json!({"hall_id": "$response.body#/hall_id"}), Value::Null),
        ("post_organizers", "201", "get_organizers_organizer_id", json!({"organizer_id": "$response.body#/organizer_id"}), Value::Null),
        ("post_organizers", "201", "post_events", Value::Null, json!({"organizer_id": "$response.body#/organizer_id"})),
        ("post_price_tiers", "201", "get_price_tiers_price_tier_id", json!({"price_tier_id": "$response.body#/price_tier_id"}), Value::Null),
        ("post_reservations", "201", "get_reservations_reservation_id", json!({"reservation_id": "$response.body#/id", "X-User-ID": "$request.header.X-User-ID"}), Value::Null),
        ("post_reservations", "201", "post_reservations_reservation_id_confirm", json!({"reservation_id": "$response.body#/id", "X-User-ID": "$request.header.X-User-ID"}), Value::Null),
        ("post_reservations_reservation_id_confirm", "200", "get_tickets_ticket_id", json!({"ticket_id": "$response.body#/items/0/id"}), Value::Null),
        ("post_reservations_reservation_id_confirm", "200", "get_tickets_ticket_id_qr", json!({"ticket_id": "$response.body#/items/0/id"}), Value::Null),
        ("post_reservations_reservation_id_confirm", "200", "post_tickets_ticket_id_check_in", json!({"ticket_id": "$response.body#/items/0/id"}), Value::Null),
        ("post_reservations_reservation_id_confirm", "200", "get_tickets_user_user_id", json!({"user_id": "$response.body#/user_id"}), Value::Null),
        ("post_sessions", "201", "get_sessions_session_id", json!({"session_id": "$response.body#/session_id"}), Value::Null),
        ("post_sessions", "201", "get_sessions_session_id_seat_map", json!({"session_id": "$response.body#/session_id"}), Value::Null),
        ("post_sessions", "201", "get_sessions_session_id_seats", json!({"session_id": "$response.body#/session_id"}), Value::Null),
        ("post_sessions", "201", "get_internal_sessions_session_id_pricing", json!({"session_id": "$response.body#/session_id"}), Value::Null),
        ("post_sessions", "201", "post_price_tiers", Value::Null, json!({"session_id": "$response.body#/session_id"})),
        ("get_sessions_session_id_seat_map", "200", "post_reservations", Value::Null, json!({"session_id": "$response.body#/session_id", "seats": [{"session_seat_id": "$response.body#/seats/0/session_seat_id"}]})),
        ("get_sessions_session_id_seat_map", "200", "post_internal_sessions_session_id_seats_check_availability", json!({"session_id": "$response.body#/session_id"}), json!({"session_seat_ids": ["$response.body#/seats/1/session_seat_id"]})),
        ("get_sessions_session_id_seat_map", "200", "post_internal_sessions_session_id_seats_reserve", json!({"session_id": "$response.body#/session_id"}), json!({"session_seat_ids": ["$response.body#/seats/1/session_seat_id"]})),
        ("put_inventory_item", "200", "get_inventory_item", json!({"item": "$response.body#/item"}), Value::Null),
        ("put_inventory_item", "200", "post_order", Value::Null, json!({"item": "$response.body#/item"})),
        ("post_order", "201", "get_orders_order_id", json!({"order_id": "$response.body#/order_id"}), Value::Null),
        ("post_order", "201", "patch_orders_order_id_status", json!({"order_id": "$response.body#/order_id"}), Value::Null),
        ("post_order", "201", "get_orders", json!({"student_id": "$response.body#/student_id"}), Value::Null),
    ]
}
