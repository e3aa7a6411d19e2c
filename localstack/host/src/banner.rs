//! What a newcomer sees first.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use crate::contexts::booking::demo;

/// Says where everything is, on standard output. A closed output is no reason to stop.
pub fn print(address: SocketAddr) {
    let session = demo::SESSION;
    let text = format!(
        r#"
Marquee is ready on http://{address}

  Try it in a browser:  http://{address}/docs
  Or from a shell:

    curl http://{address}/api/v1/sessions/{session}/seat-map

    curl http://{address}/api/v1/reservations \
      -H 'X-User-ID: {user}' \
      -d '{{"session_id":"{session}","seats":[{{"session_seat_id":"{seat}"}}]}}'

    curl http://{address}/api/v1/tickets/user/{user}

    curl http://{address}/order -d '{{"item":"Pizza","qty":2,"student_id":"S123"}}'

    curl http://{address}/orders

    curl http://{address}/games

"#,
        user = demo::USER,
        seat = demo::SEAT_4,
    );
    let _ = io::stdout().write_all(text.as_bytes());
}
