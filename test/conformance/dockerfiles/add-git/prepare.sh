git init -q -b main work && cd work
git config user.email a@example.org && git config user.name a
mkdir sub && echo one >file && echo two >sub/file && git add . && git commit -qm one && git tag v1
echo three >sub/file && git commit -qam two
cd .. && git clone -q --bare work repository.git && git -C repository.git update-server-info && rm -rf work
