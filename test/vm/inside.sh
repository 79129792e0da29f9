#!/bin/sh
# Runs as root in the virtual machine; one line per check on the console, then power off.
exec >/dev/ttyS0 2>&1
export HOME=/root DOCKER_HOST=unix:///run/gantry/gantry.sock
failed=0

# check NAME EXPECTED ACTUAL
check() {
  if [ "$2" = "$3" ]; then
    echo "ok $1"
  else
    failed=$((failed + 1))
    echo "FAILED $1: expected '$2', got '$3'"
  fi
}

start_engine() {
  rm -f /run/gantry/gantry.sock
  /usr/local/bin/gantryd >>/var/log/gantryd.log 2>&1 &
  engine=$!
  for _ in $(seq 600); do
    docker version >/dev/null 2>&1 && return
    sleep 0.1
  done
  check 'the engine starts' yes no
}

ip link set lo up
echo "# $(uname -r), $(stat -fc %T /sys/fs/cgroup)"
start_engine
check 'cgroup version' 2 "$(docker info --format '{{.CgroupVersion}}')"

mkdir -p /opt/image/bin
cp /bin/busybox /opt/image/bin/
/bin/busybox --list | grep -vx busybox | while read -r name; do ln -sf busybox "/opt/image/bin/$name"; done
tar -C /opt/image -c . | docker import -c 'CMD ["sh"]' - busybox:latest >/dev/null
check 'a container runs' hi "$(docker run --rm busybox echo hi)"
limits='cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max'
check 'limits hold' '67108864 50000 100000 20' \
  "$(docker run --rm -m 64m --cpus 0.5 --pids-limit 20 busybox sh -c "$limits" | xargs)"
check 'cgroup namespace' '0::/' "$(docker run --rm busybox cat /proc/self/cgroup)"

docker run --name oom -m 16m busybox tail /dev/zero
check 'exit code of a container out of memory' 137 $?
check 'OOMKilled' true "$(docker inspect oom --format '{{.State.OOMKilled}}')"

docker run -d --name web -p 8080:80 busybox httpd -f -p 80 -h /etc >/dev/null
pid=$(docker inspect web --format '{{.State.Pid}}')
sleep 2
page() { curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/; }
check 'a published port answers' 404 "$(page)"
docker pause web >/dev/null
check 'paused' paused "$(docker inspect web --format '{{.State.Status}}')"
docker unpause web >/dev/null
check 'exec' exec "$(docker exec web echo exec)"

for round in 1 2 3; do
  kill -9 "$engine"
  wait "$engine"
  check "round $round: the port answers without the engine" 404 "$(page)"
  start_engine
  check "round $round: the container was taken back" "$pid" "$(docker inspect web --format '{{.State.Pid}}')"
done

docker rm -f web oom >/dev/null
check 'no container is left' '' "$(docker ps -aq)"
check 'no cgroup of a container is left' '' "$(find /sys/fs/cgroup/gantry -mindepth 1 -type d)"
kill "$engine"
wait "$engine"
check 'the engine ends in order' 0 $?
check 'no bridge is left' '' "$(ip -o link show type bridge)"
check 'no rules are left' '' "$(nft list tables)"

systemctl start gantry
check 'the unit is started when the engine answers' '0 active' "$(docker version >/dev/null 2>&1; echo $?) $(systemctl is-active gantry)"
docker run -d --name unit busybox sleep 1000 >/dev/null
pid=$(docker inspect unit --format '{{.State.Pid}}')
systemctl restart gantry
check 'a container outlives a restart of the unit' "running $pid" "$(docker inspect unit --format '{{.State.Status}} {{.State.Pid}}')"
systemctl kill --kill-whom=main --signal=KILL gantry
for _ in $(seq 600); do docker inspect unit >/dev/null 2>&1 && break; sleep 0.1; done
check 'systemd starts a killed engine again, which takes it back' "running $pid" "$(docker inspect unit --format '{{.State.Status}} {{.State.Pid}}')"
check 'the command line uses the unit'"'"'s engine' unit "$(gantry ps --format '{{.Names}}')"
docker rm -f unit >/dev/null
systemctl stop gantry
check 'the unit is stopped' inactive "$(systemctl is-active gantry)"
[ "$failed" = 0 ] && echo '# all passed'
[ "$failed" = 0 ] || tail -n 20 /var/log/gantryd.log
systemctl poweroff
