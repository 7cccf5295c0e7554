<?php
header('Content-Type: text/plain');
if ($_SERVER['REQUEST_URI'] === '/health') {
    echo "ok\n";
    return;
}
if (isset($_GET['ms'])) {
    usleep(1000 * min(5000, (int) $_GET['ms']));
}
echo 'hello from PHP ', PHP_VERSION, "\n";
