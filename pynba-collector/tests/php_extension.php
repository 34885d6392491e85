<?php
// Says of itself what the test expects of the packets: the same numbers, measured by PHP's own clock.

pinba_script_name_set('/checkout');
pinba_hostname_set('web1');
pinba_server_name_set('shop');
pinba_schema_set('https');
pinba_tag_set('plan', 'free');
pinba_tag_set('country', 'fr');

// The same tags twice: one timer with the sum.
pinba_timer_add(['group' => 'db', 'op' => 'select'], 0.125);
pinba_timer_add(['op' => 'select', 'group' => 'db'], 0.25);
pinba_timer_add(['group' => 'cache', 'op' => 'größe'], 0.5);

// Several hits.
$hits = pinba_timer_start(['group' => 'mail'], [], 7);
usleep(20000);
pinba_timer_stop($hits);
$mail = pinba_timer_get_info($hits)['value'];

// A timer that runs at the flush is stopped by it; nothing is left for the next packet.
$running = pinba_timer_start(['group' => 'render']);
usleep(10000);
pinba_flush();

// Only what has stopped, with a name for this packet alone.
pinba_tag_delete('country');
pinba_timer_add(['group' => 'db'], 2.0);
$later = pinba_timer_start(['group' => 'later']);
pinba_flush('/nightly/import', PINBA_FLUSH_ONLY_STOPPED_TIMERS);

// The end of the script sends the rest: the timer that still ran.
usleep(5000);
echo json_encode(['mail' => $mail, 'pid' => getmypid()]);
